"""What other services' events change, in memory and in an event's own transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from meshkit.clock import FakeClock, uuid7
from meshkit.postgres import Database
from order.adapters.memory import MemoryOrders
from order.adapters.postgres import PostgresChanges
from order.app.follow_events import FollowEvents
from order.app.ports import OrderChanges, OrderStore
from order.domain.states import OrderState
from services.order.tests.bench import Bench
from services.order.tests.builders import eur

Changing = Callable[[], AbstractAsyncContextManager[OrderChanges]]


@pytest.fixture
def changing(store: OrderStore, clock: FakeClock, request: pytest.FixtureRequest) -> Changing:
    """Opens the transaction of one event."""

    @asynccontextmanager
    async def in_memory() -> AsyncIterator[OrderChanges]:
        assert isinstance(store, MemoryOrders)
        yield store

    @asynccontextmanager
    async def in_postgres() -> AsyncIterator[OrderChanges]:
        pool: Database = request.getfixturevalue("order_database")
        async with pool.transaction() as connection:
            yield PostgresChanges(connection, clock)

    return in_memory if isinstance(store, MemoryOrders) else in_postgres


async def _confirmed(store: OrderStore, clock: FakeClock) -> tuple[Bench, str]:
    bench = Bench(store, clock)
    return bench, (await bench.engine().run(await bench.place())).order.order_id


async def test_a_shipment_is_noted_and_a_delivery_fulfils(
    store: OrderStore, clock: FakeClock, changing: Changing
) -> None:
    bench, order_id = await _confirmed(store, clock)
    follow, shipment_id = FollowEvents(clock), uuid7()
    for _ in range(2):  # events may come twice
        async with changing() as orders:
            await follow.shipment_created(orders, order_id, shipment_id)
    noted = await store.get(order_id)
    assert noted is not None
    assert (noted.state, noted.shipment_id, noted.revision) == (OrderState.CONFIRMED, shipment_id, 4)
    for _ in range(2):
        async with changing() as orders:
            await follow.shipment_delivered(orders, order_id, shipment_id)
    delivered = await store.get(order_id)
    assert delivered is not None
    assert delivered.state is OrderState.FULFILLED
    await bench.check()


async def test_a_delivery_before_its_creation_is_no_harm(
    store: OrderStore, clock: FakeClock, changing: Changing
) -> None:
    _, order_id = await _confirmed(store, clock)
    follow, shipment_id = FollowEvents(clock), uuid7()
    async with changing() as orders:
        await follow.shipment_delivered(orders, order_id, shipment_id)
        await follow.shipment_created(orders, order_id, shipment_id)
    order = await store.get(order_id)
    assert order is not None
    assert (order.state, order.shipment_id) == (OrderState.FULFILLED, shipment_id)


async def test_a_delivery_of_a_cancelled_order_changes_nothing(
    store: OrderStore, clock: FakeClock, changing: Changing
) -> None:
    bench, order_id = await _confirmed(store, clock)
    await bench.engine().run(await bench.cancel(order_id))
    async with changing() as orders:
        await FollowEvents(clock).shipment_delivered(orders, order_id, uuid7())
    await bench.check()


async def test_refunds_count_once_whatever_order_they_come_in(
    store: OrderStore, clock: FakeClock, changing: Changing
) -> None:
    _, order_id = await _confirmed(store, clock)
    order = await store.get(order_id)
    assert order is not None
    for told in (300, 1_000, 300, 1_000):
        async with changing() as orders:
            await FollowEvents(clock).payment_refunded(orders, order_id, eur(told))
    refunded = await store.get(order_id)
    customer = await store.customer(order.user_id)
    assert refunded is not None
    assert customer is not None
    assert refunded.refunded == eur(1_000)
    assert customer.lifetime_value.minor == order.total.minor - 1_000


async def test_an_event_about_an_unknown_order_is_no_error(clock: FakeClock, changing: Changing) -> None:
    async with changing() as orders:
        await FollowEvents(clock).shipment_created(orders, uuid7(), uuid7())


async def test_a_partial_refund_during_a_cancellation_keeps_the_figures_right(
    store: OrderStore, clock: FakeClock, changing: Changing
) -> None:
    bench, order_id = await _confirmed(store, clock)
    opened = await bench.cancel(order_id)
    async with changing() as orders:  # the worker does not know of it yet
        await FollowEvents(clock).payment_refunded(orders, order_id, eur(500))
    ended = await bench.engine().run(opened)
    assert ended.order.state is OrderState.CANCELLED
    await bench.check()
