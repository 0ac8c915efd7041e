"""Background work: takes labels back for shipments that are marked to be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shipping.app.ports import Clock, Queue, Report, Store
from shipping.app.void_shipment import VoidShipment
from shipping.domain.errors import CarrierUnavailable, ShipmentDispatched
from shipping.domain.shipment import Shipment

RETRY_S = 10
BATCH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishVoids:
    """One round: a shipment that could not be asked about stays marked, and comes again after 10 s."""

    store: Store
    void: VoidShipment
    clock: Clock
    report: Report

    async def run(self) -> None:
        """Asks the carrier for each marked shipment that is due, one after the other."""
        now = self.clock.now()
        claimed = await self.store.claim(Queue.VOID, now, now + timedelta(seconds=RETRY_S), BATCH)
        for shipment in claimed:
            await self._finish(shipment)

    async def _finish(self, shipment: Shipment) -> None:
        try:
            await self.void.with_carrier(shipment)
        except ShipmentDispatched:
            self.report("cancelled too late, the parcel has left", shipment_id=shipment.id)
        except CarrierUnavailable as error:
            self.report("the carrier could not be asked to void", shipment_id=shipment.id, reason=str(error))
