"""Reservations that come at the same time: each gets what it would have got alone, in the order in which they came."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from inventory.adapters.reserving import LARGEST, Reserving
from inventory.app import keep_stock, read, settle
from inventory.app.ports import Warehouse
from inventory.app.reserve_together import Ask
from inventory.domain.errors import InventoryError, OutOfStock, ReservationExists
from inventory.domain.reservation import Reservation, State
from meshkit.clock import FakeClock, uuid7

TTL = timedelta(minutes=15)


async def stocked(warehouse: Warehouse, clock: FakeClock, *units: int) -> list[str]:
    products = [uuid7() for _ in units]
    async with warehouse.transaction() as stock:
        await keep_stock.import_stock(stock, dict(zip(products, units, strict=True)), now=clock.now())
    return products


def ask(*items: tuple[str, int], order_id: str = "") -> Ask:
    return Ask(order_id or uuid7(), items, TTL)


async def outcome(reserving: Reserving, wanted: Ask) -> Reservation | InventoryError:
    try:
        return await reserving.reserve(wanted)
    except InventoryError as error:
        return error


async def all_at_once(reserving: Reserving, *asks: Ask) -> list[Reservation | InventoryError]:
    return list(await asyncio.gather(*(outcome(reserving, each) for each in asks)))


async def levels(warehouse: Warehouse, product: str) -> tuple[int, int]:
    stock = await read.get_stock(warehouse, product)
    return stock.on_hand, stock.reserved


async def test_exactly_what_is_there_is_held(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 90)
    asks = [ask((product, 1)) for _ in range(3 * LARGEST)]
    outcomes = await all_at_once(Reserving(warehouse, clock), *asks)
    held = {each.order_id for each in outcomes if isinstance(each, Reservation)}
    assert len(held) == 90
    assert all(isinstance(each, Reservation | OutOfStock) for each in outcomes)
    assert await levels(warehouse, product) == (0, 90)
    for each in asks:
        kept = await warehouse.get_reservation(each.order_id)
        assert (kept is not None) == (each.order_id in held)
        assert kept is None or kept.items == {product: 1}


async def test_one_that_is_too_large_stands_in_nobodys_way(warehouse: Warehouse, clock: FakeClock) -> None:
    first, second = await stocked(warehouse, clock, 5, 5)
    reserving = Reserving(warehouse, clock)
    alone = [ask((first, 1)) for _ in range(3)]  # one for each lane, so that the next ones share a batch
    small, large, mixed = ask((first, 1)), ask((first, 4), (second, 1)), ask((second, 5))
    outcomes = await all_at_once(reserving, *alone, small, large, mixed)
    assert [isinstance(each, Reservation) for each in outcomes] == [True] * 4 + [False, True]
    refused = outcomes[4]
    assert isinstance(refused, OutOfStock)
    assert [field for field, _ in refused.violations] == ["items[0].quantity"]
    assert await levels(warehouse, first) == (1, 4)
    assert await levels(warehouse, second) == (0, 5)


async def test_repeats_among_them_hold_once(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 50)
    reserving = Reserving(warehouse, clock)
    before = ask((product, 2))
    await reserving.reserve(before)
    same = [ask((product, 1), order_id=uuid7())] * 5
    other = ask((product, 3), order_id=same[0].order_id)
    fill = [ask((product, 1)) for _ in range(6)]
    outcomes = await all_at_once(reserving, *fill, before, *same, other)
    assert all(isinstance(each, Reservation) for each in outcomes[:-1])
    assert isinstance(outcomes[-1], ReservationExists)
    assert await levels(warehouse, product) == (50 - 2 - 6 - 1, 2 + 6 + 1)


async def test_several_processes_and_all_orders_of_lines(warehouse: Warehouse, clock: FakeClock) -> None:
    products = await stocked(warehouse, clock, 40, 40, 40)
    processes = [Reserving(warehouse, clock) for _ in range(3)]
    asks = []
    for number in range(150):
        turned = products[number % 3 :] + products[: number % 3]
        asks.append(ask(*((product, 1) for product in (turned if number % 2 else turned[::-1]))))
    outcomes = await asyncio.gather(
        *(outcome(processes[number % 3], each) for number, each in enumerate(asks))
    )
    held = [each for each in outcomes if isinstance(each, Reservation)]
    assert len(held) == 40
    for product in products:
        assert await levels(warehouse, product) == (0, 40)
    async with warehouse.transaction() as stock:
        sold = await settle.commit(stock, held[0].order_id, now=clock.now())
    assert sold.state is State.COMMITTED


async def test_a_caller_that_gives_up_takes_nobody_with_it(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 20)
    reserving = Reserving(warehouse, clock)
    tasks = [asyncio.create_task(reserving.reserve(ask((product, 1)))) for _ in range(10)]
    await asyncio.sleep(0)
    tasks[7].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(each, Reservation) for each in results].count(True) == 9
    with pytest.raises(asyncio.CancelledError):
        tasks[7].result()
