"""Background work: buys a label for each shipment that waits for one, however many workers do so at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from shipping.app.ports import Carrier, Clock, Label, Queue, Report, Store
from shipping.domain.errors import CarrierRefused, CarrierUnavailable
from shipping.domain.shipment import Shipment, State

BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyLabels:
    """One round. The shipment's id is the carrier's key, so a lease that ran out costs nothing."""

    store: Store
    carrier: Carrier
    clock: Clock
    report: Report
    lease_s: float

    async def run(self) -> None:
        """Goes on while there is a full batch to do."""
        while await self.run_batch() == BATCH:
            pass

    async def run_batch(self) -> int:
        """Takes a batch that is due and asks for all of it at once; returns how many it took."""
        now = self.clock.now()
        claimed = await self.store.claim(Queue.LABEL, now, now + timedelta(seconds=self.lease_s), BATCH)
        async with asyncio.TaskGroup() as tasks:
            for shipment in claimed:
                tasks.create_task(self._label(shipment))
        return len(claimed)

    async def _label(self, shipment: Shipment) -> None:
        try:
            label = await self.carrier.buy_label(shipment)
        except CarrierRefused as error:
            await self._failed(shipment, in_doubt=False, refused=True)
            self.report("the carrier refused a label", shipment_id=shipment.id, **error.metadata)
        except CarrierUnavailable as error:
            # Once in doubt it stays so: an earlier try may have made a label even if this one did not.
            in_doubt = error.in_doubt or shipment.label_in_doubt
            await self._failed(shipment, in_doubt=in_doubt, refused=False)
            self.report("no label yet", shipment_id=shipment.id, attempt=shipment.label_attempts)
        else:
            await self._labelled(shipment, label)

    async def _labelled(self, shipment: Shipment, label: Label) -> None:
        async with self.store.transaction() as tx:
            current = await tx.get_locked(shipment.id)
            # Voided meanwhile: whoever did it has taken this very label back.
            if current is not None and current.state == State.PENDING:
                await tx.save(current.labelled(label.tracking_number, label.url, self.clock.now()))

    async def _failed(self, shipment: Shipment, *, in_doubt: bool, refused: bool) -> None:
        async with self.store.transaction() as tx:
            current = await tx.get_locked(shipment.id)
            if current is not None and current.state == State.PENDING:
                await tx.save(current.label_failed(self.clock.now(), in_doubt=in_doubt, refused=refused))
