"""One shipment for one order, whatever comes first and however often."""

from __future__ import annotations

from meshkit.clock import uuid7
from shipping.adapters.memory import MemoryStore
from shipping.app.create_shipment import ConfirmedOrder, create_shipment
from shipping.app.keep_recipient import update_recipient
from shipping.app.stop_order import stop_order
from shipping.domain.recipient import Preferences, Recipient
from shipping.domain.shipment import Milestone, Shipment, Speed, State

from ..builders import NOW, a_labelled_shipment, an_order


async def create(store: MemoryStore, order: ConfirmedOrder) -> Shipment | None:
    """In a transaction of its own."""
    async with store.transaction() as tx:
        return await create_shipment(tx, order, shipment_id=uuid7(), now=NOW)


async def stop(store: MemoryStore, order_id: str) -> Shipment | None:
    """In a transaction of its own."""
    async with store.transaction() as tx:
        return await stop_order(tx, order_id, NOW)


async def test_second_confirmation_finds_the_first_shipment() -> None:
    store, order = MemoryStore(), an_order()
    first, second = await create(store, order), await create(store, order)
    assert first is not None
    assert first == second
    assert store.published == [(Milestone.CREATED, first)]


async def test_order_cancelled_before_confirmation_arrives_gets_no_shipment() -> None:
    store, order = MemoryStore(), an_order()
    assert await stop(store, order.order_id) is None
    assert await create(store, order) is None
    assert store.published == []


async def test_unlabelled_shipment_is_voided_at_once() -> None:
    store, order = MemoryStore(), an_order()
    await create(store, order)
    stopped = await stop(store, order.order_id)
    assert stopped is not None
    assert stopped.state == State.VOIDED
    assert await stop(store, order.order_id) == stopped


async def test_labelled_shipment_is_marked_and_dispatched_one_left_alone() -> None:
    store, labelled = MemoryStore(), a_labelled_shipment()
    left, _ = a_labelled_shipment("BN2").tracked("picked_up", NOW, NOW)
    async with store.transaction() as tx:
        await tx.add(labelled)
        await tx.add(left)
    marked = await stop(store, labelled.order_id)
    assert marked is not None
    assert (marked.state, marked.void_requested) == (State.LABELLED, True)
    assert await stop(store, left.order_id) == left


async def test_speed_comes_from_the_order_else_from_the_recipient() -> None:
    store = MemoryStore()
    wish = Recipient(customer_id="user-1", preferences=Preferences(speed=Speed.EXPRESS))
    async with store.transaction() as tx:
        await update_recipient(tx, wish, NOW)
    unspecified = await create(store, an_order())
    specified = await create(store, an_order(speed=Speed.STANDARD))
    stranger = await create(store, an_order(user_id="user-2"))
    assert [s.speed for s in (unspecified, specified, stranger) if s] == [
        Speed.EXPRESS,
        Speed.STANDARD,
        Speed.STANDARD,
    ]


async def test_weightless_things_make_a_parcel() -> None:
    shipment = await create(MemoryStore(), an_order(weight_grams=0))
    assert shipment is not None
    assert shipment.weight_grams == 1
