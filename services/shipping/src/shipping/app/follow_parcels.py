"""Background work: asks the carrier where parcels are, and tells the shop when one leaves or arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shipping.app.ports import Carrier, Clock, Queue, Report, Store, Tracking
from shipping.domain.errors import CarrierUnavailable
from shipping.domain.shipment import Shipment

BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowParcels:
    """Each parcel under way is asked about once per interval, by one worker, many in one request."""

    store: Store
    carrier: Carrier
    clock: Clock
    report: Report
    interval_s: float

    async def run(self) -> None:
        """Goes on while there is a full batch to do."""
        while await self.run_batch() == BATCH:
            pass

    async def run_batch(self) -> int:
        """Asks about the parcels that are due; returns how many those were."""
        now = self.clock.now()
        claimed = await self.store.claim(Queue.TRACK, now, now + timedelta(seconds=self.interval_s), BATCH)
        by_number = {shipment.tracking_number: shipment for shipment in claimed if shipment.tracking_number}
        if not by_number:
            return len(claimed)
        try:
            found = await self.carrier.trackings(list(by_number))
        except CarrierUnavailable as error:
            self.report(
                "the carrier does not tell where parcels are", reason=str(error), parcels=len(by_number)
            )
            return 0
        news = {
            by_number[number].id: tracking
            for number, tracking in found.items()
            if number in by_number and self._is_news(by_number[number], tracking)
        }
        if news:
            await self._follow(news)
        return len(claimed)

    @staticmethod
    def _is_news(shipment: Shipment, tracking: Tracking) -> bool:
        return all(event.status != tracking.status for event in shipment.tracking_events)

    async def _follow(self, news: Mapping[str, Tracking]) -> None:
        now = self.clock.now()
        async with self.store.transaction() as tx:
            changed, told = [], []
            for current in await tx.all_locked(list(news)):
                tracking = news[current.id]
                moved, milestones = current.tracked(tracking.status, tracking.time, now)
                if moved is not current:
                    changed.append(moved)
                    told += [(milestone, moved) for milestone in milestones]
            await tx.save(*changed)
            await tx.publish(*told)
