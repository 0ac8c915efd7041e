"""Labels are bought once, tried again with backoff, and never forgotten when in doubt."""

from __future__ import annotations

import asyncio

from meshkit.clock import FakeClock
from shipping.adapters.memory import MemoryStore
from shipping.app.buy_labels import BuyLabels, labelled_with
from shipping.app.measure_backlog import MeasureBacklog
from shipping.app.ports import Label, Queue
from shipping.domain.errors import CarrierUnavailable
from shipping.domain.shipment import Shipment, State

from ..builders import NOW, FakeCarrier, Reports, a_shipment

BATCH = 4


class Shop:
    """The use case with fakes around it."""

    def __init__(self) -> None:
        self.store, self.carrier, self.clock, self.reports = (
            MemoryStore(),
            FakeCarrier(),
            FakeClock(NOW),
            Reports(),
        )
        self.labels = BuyLabels(
            store=self.store,
            carrier=self.carrier,
            clock=self.clock,
            report=self.reports,
            lease_s=30,
            batch=BATCH,
        )

    async def add(self) -> Shipment:
        """A pending shipment."""
        shipment = a_shipment()
        async with self.store.transaction() as tx:
            await tx.add(shipment)
        return shipment

    async def now(self, shipment: Shipment) -> Shipment:
        """As it stands."""
        found = await self.store.get(shipment.id)
        assert found is not None
        return found


async def test_every_waiting_shipment_gets_its_label_in_batches() -> None:
    shop = Shop()
    made = [await shop.add() for _ in range(BATCH * 2 + 1)]
    await shop.labels.run()
    states = {(await shop.now(each)).state for each in made}
    assert states == {State.LABELLED}
    assert len(shop.carrier.labels) == len(made)


async def test_no_more_labels_are_asked_for_at_once_than_a_batch() -> None:
    shop = Shop()
    made = [await shop.add() for _ in range(BATCH * 2)]
    asked, together = 0, []
    buy = shop.carrier.buy_label

    async def counted(shipment: Shipment) -> Label:
        nonlocal asked
        asked += 1
        together.append(asked)
        await asyncio.sleep(0)
        asked -= 1
        return await buy(shipment)

    shop.carrier.buy_label = counted  # type: ignore[method-assign]
    await shop.labels.run()
    assert (len(together), max(together)) == (len(made), BATCH)


async def test_lost_answer_is_asked_again_under_the_same_key_after_backoff() -> None:
    shop = Shop()
    shipment = await shop.add()
    shop.carrier.loses_answers = True
    await shop.labels.run()
    pending = await shop.now(shipment)
    assert (pending.state, pending.label_in_doubt, pending.label_attempts) == (State.PENDING, True, 1)
    shop.carrier.loses_answers = False
    shop.clock.advance(1.9)
    assert await shop.labels.run_batch() == 0
    shop.clock.advance(0.2)
    await shop.labels.run()
    labelled = await shop.now(shipment)
    assert (labelled.state, labelled.label_in_doubt) == (State.LABELLED, False)
    assert labelled.tracking_number == shop.carrier.labels[shipment.id].tracking_number
    assert len(shop.carrier.labels) == 1


async def test_doubt_remains_when_a_later_try_does_not_even_leave() -> None:
    shop = Shop()
    shipment = await shop.add()
    for in_doubt, expected in ((False, False), (True, True), (False, True)):
        shop.carrier.down = CarrierUnavailable("buy_label", in_doubt=in_doubt)
        await shop.labels.run()
        assert (await shop.now(shipment)).label_in_doubt is expected
        shop.clock.advance(60)
    assert [event for event, _ in shop.reports.lines] == ["no label yet"] * 3


async def test_refused_shipment_waits_long_and_is_reported() -> None:
    shop = Shop()
    shipment = await shop.add()
    shop.carrier.refuses = True
    await shop.labels.run()
    refused = await shop.now(shipment)
    assert (refused.state, refused.label_in_doubt) == (State.PENDING, False)
    assert (refused.due_at - NOW).total_seconds() == 300
    assert shop.reports.lines[0][1]["code"] == "HTTP_400"


async def test_shipment_voided_meanwhile_stays_voided() -> None:
    shop = Shop()
    shipment = await shop.add()
    [claimed] = await shop.store.claim(Queue.LABEL, NOW, NOW, 10)
    async with shop.store.transaction() as tx:
        await tx.save(claimed.voided(NOW))
    await shop.labels.write({claimed.id: labelled_with(await shop.carrier.buy_label(claimed))})
    assert (await shop.now(shipment)).state == State.VOIDED


async def test_signal_is_the_age_of_the_oldest_unlabelled() -> None:
    shop = Shop()
    shown: list[float] = []
    measure = MeasureBacklog(store=shop.store, clock=shop.clock, show=shown.append)
    await measure.run()
    await shop.add()
    shop.clock.advance(42)
    await measure.run()
    await shop.labels.run()
    await measure.run()
    assert shown == [0.0, 42.0, 0.0]
