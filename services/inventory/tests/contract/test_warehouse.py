"""One suite for every implementation of the Warehouse port."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from inventory.adapters.postgres import PostgresWarehouse
from inventory.app import keep_stock, read, settle
from inventory.app.ports import Warehouse
from inventory.app.reserve import reserve
from inventory.app.sweep import sweep
from inventory.domain.errors import OutOfStock, ReservationEnded, ReservationExists, ReservationNotFound
from inventory.domain.reservation import Reservation, State
from meshkit.clock import FakeClock, uuid7
from meshkit.postgres import Database

TTL = timedelta(minutes=15)


async def stocked(warehouse: Warehouse, clock: FakeClock, *units: int) -> list[str]:
    """Products with these units on the shelf."""
    products = [uuid7() for _ in units]
    async with warehouse.transaction() as stock:
        made = await keep_stock.import_stock(stock, dict(zip(products, units, strict=True)), now=clock.now())
    assert made == len(units)
    return products


async def hold(
    warehouse: Warehouse, clock: FakeClock, items: dict[str, int], order_id: str = ""
) -> Reservation:
    async with warehouse.transaction() as stock:
        return await reserve(stock, order_id or uuid7(), items, ttl=TTL, now=clock.now())


async def levels(warehouse: Warehouse, product: str) -> tuple[int, int, int, int]:
    stock = await read.get_stock(warehouse, product)
    return stock.on_hand, stock.reserved, stock.sold, stock.restocked


async def test_reservation_moves_all_lines(warehouse: Warehouse, clock: FakeClock) -> None:
    first, second = await stocked(warehouse, clock, 5, 5)
    held = await hold(warehouse, clock, {first: 2, second: 5})
    assert await read.get_reservation(warehouse, held.order_id) == held
    assert await levels(warehouse, first) == (3, 2, 0, 0)
    assert await levels(warehouse, second) == (0, 5, 0, 0)


async def test_one_short_line_holds_none(warehouse: Warehouse, clock: FakeClock) -> None:
    plenty, scarce = await stocked(warehouse, clock, 5, 1)
    unknown = uuid7()
    with pytest.raises(OutOfStock) as caught:
        await hold(warehouse, clock, {plenty: 1, scarce: 2, unknown: 1})
    assert [field for field, _ in caught.value.violations] == ["items[1].quantity", "items[2].quantity"]
    assert await levels(warehouse, plenty) == (5, 0, 0, 0)


async def test_repeat_gives_the_same_and_other_items_are_refused(
    warehouse: Warehouse, clock: FakeClock
) -> None:
    (product,) = await stocked(warehouse, clock, 5)
    held = await hold(warehouse, clock, {product: 2})
    assert await hold(warehouse, clock, {product: 2}, held.order_id) == held
    with pytest.raises(ReservationExists):
        await hold(warehouse, clock, {product: 3}, held.order_id)
    assert await levels(warehouse, product) == (3, 2, 0, 0)


async def test_no_oversell_under_concurrency(warehouse: Warehouse, clock: FakeClock) -> None:
    first, second = await stocked(warehouse, clock, 7, 9)
    start = asyncio.Barrier(20)

    async def buy(number: int) -> bool:
        # Half of the buyers name the products the other way round: a deadlock unless rows are locked in one order.
        items = {first: 1, second: 1} if number % 2 else {second: 1, first: 1}
        await start.wait()
        try:
            await hold(warehouse, clock, items)
        except OutOfStock:
            return False
        return True

    assert sum(await asyncio.gather(*(buy(number) for number in range(20)))) == 7
    assert await levels(warehouse, first) == (0, 7, 0, 0)
    assert await levels(warehouse, second) == (2, 7, 0, 0)


async def test_concurrent_repeats_of_one_order_hold_once(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 10)
    order_id = uuid7()
    results = await asyncio.gather(*(hold(warehouse, clock, {product: 3}, order_id) for _ in range(5)))
    assert len({each.expires_at for each in results}) == 1
    assert await levels(warehouse, product) == (7, 3, 0, 0)


async def test_commit_then_release_restocks_each_once(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 5)
    held = await hold(warehouse, clock, {product: 2})
    for _ in range(2):
        async with warehouse.transaction() as stock:
            assert (await settle.commit(stock, held.order_id, now=clock.now())).state is State.COMMITTED
    assert await levels(warehouse, product) == (3, 0, 2, 0)
    for _ in range(2):
        async with warehouse.transaction() as stock:
            assert (await settle.release(stock, held.order_id, now=clock.now())).state is State.RESTOCKED
    assert await levels(warehouse, product) == (5, 0, 2, 2)


async def test_release_before_reserve_closes_the_order(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 5)
    order_id = uuid7()
    async with warehouse.transaction() as stock:
        await settle.release(stock, order_id, now=clock.now())
    with pytest.raises(ReservationEnded):
        await hold(warehouse, clock, {product: 1}, order_id)
    assert await levels(warehouse, product) == (5, 0, 0, 0)


async def test_release_at_the_moment_of_reserve_leaves_nothing_held(
    warehouse: Warehouse, clock: FakeClock
) -> None:
    (product,) = await stocked(warehouse, clock, 50)

    async def give_up(order_id: str) -> State:
        async with warehouse.transaction() as stock:
            return (await settle.release(stock, order_id, now=clock.now())).state

    for _ in range(20):
        order_id = uuid7()
        held, state = await asyncio.gather(
            hold(warehouse, clock, {product: 1}, order_id), give_up(order_id), return_exceptions=True
        )
        assert isinstance(held, Reservation | ReservationEnded)
        assert state is State.RELEASED
        assert (await read.get_reservation(warehouse, order_id)).state is State.RELEASED
    assert await levels(warehouse, product) == (50, 0, 0, 0)


async def test_sweeper_gives_back_what_is_late_and_only_that(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 10)
    late, sold = await hold(warehouse, clock, {product: 2}), await hold(warehouse, clock, {product: 3})
    async with warehouse.transaction() as stock:
        await settle.commit(stock, sold.order_id, now=clock.now())
    clock.advance(TTL.total_seconds() - 1)
    young = await hold(warehouse, clock, {product: 4})
    assert await sweep(warehouse, clock) == 0
    clock.advance(1)
    swept = await asyncio.gather(*(sweep(warehouse, clock) for _ in range(3)))
    assert sum(swept) == 1
    assert (await read.get_reservation(warehouse, late.order_id)).state is State.EXPIRED
    assert (await read.get_reservation(warehouse, young.order_id)).state is State.HELD
    assert await levels(warehouse, product) == (3, 4, 3, 0)
    async with warehouse.transaction() as stock:
        with pytest.raises(ReservationEnded):
            await settle.commit(stock, late.order_id, now=clock.now())


async def test_commit_without_reservation_is_not_found(warehouse: Warehouse, clock: FakeClock) -> None:
    with pytest.raises(ReservationNotFound):
        async with warehouse.transaction() as stock:
            await settle.commit(stock, uuid7(), now=clock.now())


async def test_import_leaves_what_is_there(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 5)
    async with warehouse.transaction() as stock:
        assert await keep_stock.import_stock(stock, {product: 9}, now=clock.now()) == 0
    assert await levels(warehouse, product) == (5, 0, 0, 0)


async def test_concurrent_goods_all_count(warehouse: Warehouse, clock: FakeClock) -> None:
    product = uuid7()

    async def receive() -> None:
        async with warehouse.transaction() as stock:
            await keep_stock.receive_goods(stock, product, 2, now=clock.now())

    await asyncio.gather(*(receive() for _ in range(8)))
    stock = await read.get_stock(warehouse, product)
    assert (stock.received, stock.on_hand) == (16, 16)


async def test_safety_stock_is_not_for_sale(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 5)
    async with warehouse.transaction() as stock:
        counted = await keep_stock.update_stock(stock, product, on_hand=4, safety_stock=3, now=clock.now())
    assert (counted.received, counted.available) == (4, 1)
    with pytest.raises(OutOfStock):
        await hold(warehouse, clock, {product: 2})


async def test_a_transaction_that_fails_late_leaves_nothing(warehouse: Warehouse, clock: FakeClock) -> None:
    (product,) = await stocked(warehouse, clock, 5)
    held, order_id = await hold(warehouse, clock, {product: 2}), uuid7()

    async def fail_at_the_end() -> None:
        async with warehouse.transaction() as stock:
            await reserve(stock, order_id, {product: 1}, ttl=TTL, now=clock.now())
            await settle.commit(stock, held.order_id, now=clock.now())
            await keep_stock.receive_goods(stock, product, 7, now=clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_at_the_end()
    assert await levels(warehouse, product) == (3, 2, 0, 0)
    assert await read.get_reservation(warehouse, held.order_id) == held
    with pytest.raises(ReservationNotFound):
        await read.get_reservation(warehouse, order_id)


async def test_a_failed_transaction_tells_nobody(pool: Database, clock: FakeClock) -> None:
    """Neither the ledger nor the outbox keeps anything of it."""
    warehouse = PostgresWarehouse(pool)
    (product,) = await stocked(warehouse, clock, 5)

    async def written() -> tuple[int, int]:
        async with pool.acquire() as connection:
            sql = "SELECT (SELECT count(*) FROM movement), (SELECT count(*) FROM outbox)"
            row = await connection.fetchrow(sql)
        assert row is not None
        return row[0], row[1]

    before = await written()

    async def fail_at_the_end() -> None:
        async with warehouse.transaction() as stock:
            await keep_stock.receive_goods(stock, product, 7, now=clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_at_the_end()
    assert await written() == before == (1, 1)
