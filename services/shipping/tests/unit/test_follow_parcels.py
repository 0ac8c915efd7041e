"""Parcels are followed in batches, and each milestone is told once."""

from __future__ import annotations

from meshkit.clock import FakeClock
from shipping.adapters.memory import MemoryStore
from shipping.app.follow_parcels import BATCH, FollowParcels
from shipping.app.ports import Tracking
from shipping.domain.errors import CarrierUnavailable
from shipping.domain.shipment import Milestone

from ..builders import NOW, FakeCarrier, Reports, a_labelled_shipment


async def test_news_is_told_once_per_milestone_and_asked_for_once_per_interval() -> None:
    store, carrier, clock = MemoryStore(), FakeCarrier(), FakeClock(NOW)
    follow = FollowParcels(store=store, carrier=carrier, clock=clock, report=Reports(), interval_s=5)
    shipment = a_labelled_shipment()
    async with store.transaction() as tx:
        await tx.add(shipment)
    for status in ("label_created", "picked_up", "picked_up", "in_transit", "delivered", "delivered"):
        carrier.statuses["BN1"] = Tracking(status, clock.now())
        await follow.run()
        assert await follow.run_batch() == 0
        clock.advance(5)
    assert [milestone for milestone, _ in store.published] == [Milestone.DISPATCHED, Milestone.DELIVERED]


async def test_more_than_a_batch_is_followed_in_one_run() -> None:
    store, carrier = MemoryStore(), FakeCarrier()
    follow = FollowParcels(store=store, carrier=carrier, clock=FakeClock(NOW), report=Reports(), interval_s=5)
    async with store.transaction() as tx:
        for number in range(BATCH + 1):
            await tx.add(a_labelled_shipment(f"BN{number}"))
            carrier.statuses[f"BN{number}"] = Tracking("delivered", NOW)
    await follow.run()
    assert len(store.published) == 2 * (BATCH + 1)


async def test_silent_carrier_is_reported_and_asked_again() -> None:
    store, carrier, clock, reports = MemoryStore(), FakeCarrier(), FakeClock(NOW), Reports()
    follow = FollowParcels(store=store, carrier=carrier, clock=clock, report=reports, interval_s=5)
    async with store.transaction() as tx:
        await tx.add(a_labelled_shipment())
    carrier.down = CarrierUnavailable("trackings", in_doubt=False)
    await follow.run()
    assert len(reports.lines) == 1
    carrier.down, carrier.statuses["BN1"] = None, Tracking("picked_up", NOW)
    clock.advance(5)
    await follow.run()
    assert [milestone for milestone, _ in store.published] == [Milestone.DISPATCHED]
