"""A process that dies at any moment: before or after each effect, before or after each write. Another goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from meshkit.clock import FakeClock
from order.app.ports import OrderStore, Work
from order.domain.states import OrderState
from services.order.tests.bench import Bench
from services.order.tests.builders import NO_TIME

MANY = 60


async def _confirmed(bench: Bench) -> Work:
    return await bench.place()


async def _declined(bench: Bench) -> Work:
    return await bench.place(token="tok_declined")


async def _out_of_stock(bench: Bench) -> Work:
    return await bench.place(on_hand=1)


async def _answered_late(bench: Bench) -> Work:
    return await bench.place(token="tok_pending")


async def _cancelled_while_pending(bench: Bench) -> Work:
    work = await bench.place()
    await bench.cancel(work.order.order_id)
    fresh = await bench.store.load(work.order.order_id)
    assert fresh is not None
    return fresh


async def _cancelled_when_confirmed(bench: Bench) -> Work:
    work = await bench.engine().run(await bench.place())
    assert work.order.state is OrderState.CONFIRMED
    return await bench.cancel(work.order.order_id)


async def _cancelled_too_late(bench: Bench) -> Work:
    work = await bench.engine().run(await bench.place())
    bench.shop.parcels.dispatched.add(work.order.order_id)
    return await bench.cancel(work.order.order_id)


STORIES: list[tuple[Callable[[Bench], Awaitable[Work]], OrderState, int]] = [
    (_confirmed, OrderState.CONFIRMED, 12),
    (_declined, OrderState.REJECTED, 12),
    (_out_of_stock, OrderState.REJECTED, 4),
    (_answered_late, OrderState.CONFIRMED, 8),
    (_cancelled_while_pending, OrderState.CANCELLED, 6),
    (_cancelled_when_confirmed, OrderState.CANCELLED, 12),
    (_cancelled_too_late, OrderState.CONFIRMED, 4),
]


@pytest.mark.parametrize(
    ("begin", "state", "least"), STORIES, ids=lambda value: getattr(value, "__name__", "")
)
async def test_whatever_the_moment_of_death_another_worker_ends_the_story(
    store: OrderStore,
    clock: FakeClock,
    begin: Callable[[Bench], Awaitable[Work]],
    state: OrderState,
    least: int,
) -> None:
    bench = Bench(store, clock)
    deaths = 0
    for point in range(MANY):
        work = await begin(bench)
        died = await bench.crash_at(point, work)
        await bench.quiet()
        ended = await store.load(work.order.order_id)
        assert ended is not None
        assert ended.order.state is state
        deaths += died
        if not died:
            break
    assert deaths >= least
    await bench.check()


async def test_dying_twice_at_different_moments_changes_nothing(store: OrderStore, clock: FakeClock) -> None:
    bench = Bench(store, clock)
    for first in range(0, 12, 3):
        for second in range(8):
            work = await bench.place()
            assert await bench.crash_at(first, work)
            for claimed in await store.claim_due(1, NO_TIME):
                await bench.crash_at(second, claimed)
            await bench.quiet()
    await bench.check()


async def test_a_reservation_that_ended_while_the_worker_was_dead_gives_the_money_back(
    store: OrderStore, clock: FakeClock
) -> None:
    bench = Bench(store, clock)
    for point in range(2, 9):  # after the reservation was made, before it was committed
        work = await bench.place()
        assert await bench.crash_at(point, work)
        bench.shop.stock.expire(work.order.order_id)
        await bench.quiet()
        ended = await store.load(work.order.order_id)
        assert ended is not None
        assert (ended.order.state, ended.order.rejection_reason) == (
            OrderState.REJECTED,
            "RESERVATION_EXPIRED",
        )
    await bench.check()
