"""A parcel is stopped exactly when the carrier agrees, whoever asks and whatever is known of its label."""

from __future__ import annotations

import pytest

from meshkit.clock import FakeClock, uuid7
from shipping.adapters.memory import MemoryStore
from shipping.app.buy_labels import BuyLabels
from shipping.app.create_shipment import create_shipment
from shipping.app.finish_voids import FinishVoids
from shipping.app.stop_order import stop_order
from shipping.app.void_shipment import VoidShipment
from shipping.domain.errors import CarrierUnavailable, ShipmentDispatched
from shipping.domain.shipment import Shipment, State

from ..builders import (
    NOW,
    FakeCarrier,
    Reports,
    a_labelled_shipment,
    a_shipment,
    an_order,
)


class Shop:
    """The use cases with fakes around them."""

    def __init__(self) -> None:
        self.store, self.carrier, self.clock, self.reports = (
            MemoryStore(),
            FakeCarrier(),
            FakeClock(NOW),
            Reports(),
        )
        self.void = VoidShipment(store=self.store, carrier=self.carrier, clock=self.clock)
        self.voids = FinishVoids(store=self.store, void=self.void, clock=self.clock, report=self.reports)
        self.labels = BuyLabels(
            store=self.store,
            carrier=self.carrier,
            clock=self.clock,
            report=self.reports,
            lease_s=30,
            batch=16,
        )

    async def add(self, shipment: Shipment) -> Shipment:
        """Stores it."""
        async with self.store.transaction() as tx:
            await tx.add(shipment)
        return shipment

    async def stop(self, shipment: Shipment) -> None:
        """As the event does."""
        async with self.store.transaction() as tx:
            await stop_order(tx, shipment.order_id, self.clock.now())

    async def state(self, shipment: Shipment) -> State:
        """As it stands."""
        found = await self.store.get(shipment.id)
        assert found is not None
        return found.state


async def test_order_without_shipment_never_gets_one() -> None:
    shop, order = Shop(), an_order()
    assert await shop.void.run(order.order_id) is None
    async with shop.store.transaction() as tx:
        assert await create_shipment(tx, order, shipment_id=uuid7(), now=NOW) is None


async def test_pending_one_needs_no_carrier() -> None:
    shop = Shop()
    shipment = await shop.add(a_shipment())
    shop.carrier.down = CarrierUnavailable("void", in_doubt=False)
    for _ in range(2):
        voided = await shop.void.run(shipment.order_id)
        assert voided is not None
        assert voided.state == State.VOIDED


async def test_labelled_one_is_voided_with_the_carrier() -> None:
    shop = Shop()
    shipment = await shop.add(a_labelled_shipment())
    await shop.void.run(shipment.order_id)
    assert shop.carrier.voided == {"BN1"}
    assert await shop.state(shipment) == State.VOIDED


async def test_too_late_is_said_and_changes_nothing() -> None:
    shop = Shop()
    shipment = await shop.add(a_labelled_shipment())
    shop.carrier.picked_up = True
    with pytest.raises(ShipmentDispatched):
        await shop.void.run(shipment.order_id)
    assert await shop.store.get(shipment.id) == shipment
    left = await shop.add(a_labelled_shipment("BN2").tracked("picked_up", NOW, NOW)[0])
    with pytest.raises(ShipmentDispatched):
        await shop.void.run(left.order_id)


async def test_label_in_doubt_is_found_by_its_key_and_taken_back() -> None:
    shop = Shop()
    shipment = await shop.add(a_shipment())
    shop.carrier.loses_answers = True
    await shop.labels.run()
    with pytest.raises(CarrierUnavailable):
        await shop.void.run(shipment.order_id)
    shop.carrier.loses_answers = False
    await shop.void.run(shipment.order_id)
    assert shop.carrier.voided == {shop.carrier.labels[shipment.id].tracking_number}
    assert await shop.state(shipment) == State.VOIDED


async def test_label_in_doubt_that_the_carrier_refuses_never_was() -> None:
    shop = Shop()
    shipment = await shop.add(a_shipment(label_in_doubt=True))
    shop.carrier.refuses = True
    await shop.void.run(shipment.order_id)
    assert await shop.state(shipment) == State.VOIDED


async def test_event_marks_and_background_work_finishes_when_the_carrier_is_back() -> None:
    shop = Shop()
    shipment = await shop.add(a_labelled_shipment())
    await shop.stop(shipment)
    shop.carrier.down = CarrierUnavailable("void", in_doubt=True)
    await shop.voids.run()
    assert await shop.state(shipment) == State.LABELLED
    shop.carrier.down = None
    await shop.voids.run()
    assert await shop.state(shipment) == State.LABELLED  # not due yet
    shop.clock.advance(10)
    await shop.voids.run()
    assert await shop.state(shipment) == State.VOIDED


async def test_marked_one_gets_no_label_any_more() -> None:
    shop = Shop()
    shipment = await shop.add(a_shipment(label_in_doubt=True))
    await shop.stop(shipment)
    assert await shop.labels.run_batch() == 0


async def test_cancelled_too_late_goes_on_and_is_reported() -> None:
    shop = Shop()
    shipment = await shop.add(a_labelled_shipment())
    await shop.stop(shipment)
    shop.carrier.picked_up = True
    await shop.voids.run()
    found = await shop.store.get(shipment.id)
    assert found is not None
    assert (found.state, found.void_requested) == (State.LABELLED, False)
    assert shop.reports.lines == [("cancelled too late, the parcel has left", {"shipment_id": shipment.id})]
