"""Background work: buys a label for each shipment that waits for one, however many workers do so at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from shipping.app.ports import Carrier, Clock, Label, Queue, Report, Store
from shipping.domain.errors import CarrierRefused, CarrierUnavailable
from shipping.domain.shipment import Shipment, State

# What becomes of a shipment, as it is when the carrier has answered, at that time.
Answer = Callable[[Shipment, datetime], Shipment]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyLabels:
    """One round. The shipment's id is the carrier's key, so a lease that ran out costs nothing.

    `batch` labels are asked for at once, and no more are taken from the queue: others may do the rest.
    """

    store: Store
    carrier: Carrier
    clock: Clock
    report: Report
    lease_s: float
    batch: int

    async def run(self) -> None:
        """Goes on while there is a full batch to do."""
        while await self.run_batch() == self.batch:
            pass

    async def run_batch(self) -> int:
        """Takes a batch that is due, asks for all of it at once and writes down the answers; returns how many it took."""
        now = self.clock.now()
        leased_until = now + timedelta(seconds=self.lease_s)
        claimed = await self.store.claim(Queue.LABEL, now, leased_until, self.batch)
        async with asyncio.TaskGroup() as tasks:
            asked = {shipment.id: tasks.create_task(self._ask(shipment)) for shipment in claimed}
        if asked:
            await self._keep({shipment_id: task.result() for shipment_id, task in asked.items()})
        return len(claimed)

    async def _keep(self, answers: Mapping[str, Answer]) -> None:
        """Raises the store's error, but not before all others are written: their labels are paid for."""
        try:
            await self.write(answers)
        except Exception:  # noqa: BLE001 - raised when it comes again
            alone = (self.write({shipment_id: answer}) for shipment_id, answer in answers.items())
            for error in filter(None, await asyncio.gather(*alone, return_exceptions=True)):
                raise error from None

    async def write(self, answers: Mapping[str, Answer]) -> None:
        """All in one transaction; those whose shipment was voided meanwhile are dropped: whoever did it has taken this
        very label back.
        """
        now = self.clock.now()
        async with self.store.transaction() as tx:
            waiting = [each for each in await tx.all_locked(list(answers)) if each.state == State.PENDING]
            await tx.save(*(answers[each.id](each, now) for each in waiting))

    async def _ask(self, shipment: Shipment) -> Answer:
        try:
            label = await self.carrier.buy_label(shipment)
        except CarrierRefused as error:
            self.report("the carrier refused a label", shipment_id=shipment.id, **error.metadata)
            return partial(Shipment.label_failed, in_doubt=False, refused=True)
        except CarrierUnavailable as error:
            self.report("no label yet", shipment_id=shipment.id, attempt=shipment.label_attempts)
            # Once in doubt it stays so: an earlier try may have made a label even if this one did not.
            in_doubt = error.in_doubt or shipment.label_in_doubt
            return partial(Shipment.label_failed, in_doubt=in_doubt, refused=False)
        return labelled_with(label)


def labelled_with(label: Label) -> Answer:
    """The answer of a carrier that made it."""
    return lambda shipment, now: shipment.labelled(label.tracking_number, label.url, now)
