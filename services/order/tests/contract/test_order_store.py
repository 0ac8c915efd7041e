"""One suite for every order store: what is written together, what is refused, who wins a race."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from meshkit.clock import FakeClock, uuid7
from order.app.ports import OrderStore, PageKey
from order.domain.cancelling import Wish, plan_cancel
from order.domain.errors import CreditLimitExceeded, KeyReused, OrderNotFound
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.workflow import Note
from services.order.tests.bench import Bench
from services.order.tests.builders import (
    LEASE,
    LIMIT,
    TOKEN,
    a_key,
    a_line,
    a_placement,
    an_order,
)


async def test_a_placed_order_is_read_back_as_it_was_written(store: OrderStore) -> None:
    placement = a_placement(an_order(lines=(a_line(quantity=1), a_line(quantity=99))))
    assert await store.place(placement, LEASE) is None
    assert await store.get(placement.order.order_id) == placement.order
    work = await store.load(placement.order.order_id)
    assert work is not None
    assert work.flow == placement.flow
    assert work.flow.payment_token == TOKEN
    assert tuple(await store.timeline(placement.order.order_id)) == placement.entries


async def test_an_unknown_order_is_nothing(store: OrderStore) -> None:
    nobody = uuid7()
    assert await store.get(nobody) is None
    assert await store.load(nobody) is None
    assert await store.customer(nobody) is None
    assert list(await store.timeline(nobody)) == []
    with pytest.raises(OrderNotFound):
        await store.request_cancel(
            nobody, lambda order, flow: plan_cancel(order, flow, order.created_at), None, LEASE
        )


async def test_a_second_order_of_one_key_is_the_first_one(store: OrderStore) -> None:
    first, key = a_placement(), a_key()
    assert await store.find_request(key) is None
    await store.place(replace(first, key=key), LEASE)
    assert await store.find_request(key) == first.order.order_id
    second = a_placement(an_order(user_id=first.order.user_id), key=key)
    assert await store.place(second, LEASE) == first.order.order_id
    assert await store.get(second.order.order_id) is None
    customer = await store.customer(first.order.user_id)
    assert customer is not None
    assert customer.open_amount == first.order.total


async def test_a_key_with_another_body_is_refused(store: OrderStore) -> None:
    key = a_key(body=b"one")
    await store.place(a_placement(key=key), LEASE)
    other = a_placement(key=replace(key, body_hash=b"two"))
    with pytest.raises(KeyReused):
        await store.find_request(other.key)
    with pytest.raises(KeyReused):
        await store.place(other, LEASE)
    assert await store.get(other.order.order_id) is None


async def test_one_key_of_two_callers_is_two_keys(store: OrderStore) -> None:
    one, two = a_key("same", caller="one"), a_key("same", caller="two")
    first, second = a_placement(key=one), a_placement(key=two)
    assert await store.place(first, LEASE) is None
    assert await store.place(second, LEASE) is None
    assert await store.find_request(two) == second.order.order_id


async def test_twins_of_one_key_racing_place_one_order(store: OrderStore) -> None:
    key, user_id = a_key(), uuid7()
    twins = [a_placement(an_order(user_id=user_id), key=key) for _ in range(6)]
    answers = await asyncio.gather(*(store.place(twin, LEASE) for twin in twins))
    assert answers.count(None) == 1
    assert len(await store.list_orders(user_id, None, 10)) == 1


async def test_the_credit_limit_holds_under_a_race(store: OrderStore) -> None:
    user_id = uuid7()
    third = (a_line(price=LIMIT.minor // 3 - 1_000, quantity=1),)
    orders = [a_placement(an_order(user_id=user_id, lines=third)) for _ in range(8)]
    answers = await asyncio.gather(*(store.place(order, LEASE) for order in orders), return_exceptions=True)
    assert answers.count(None) == 3
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == 5
    assert all(isinstance(answer, CreditLimitExceeded) for answer in refused)
    customer = await store.customer(user_id)
    assert customer is not None
    assert customer.open_amount.minor <= customer.credit_limit.minor


async def test_a_refused_order_leaves_nothing_behind(store: OrderStore) -> None:
    placement = a_placement(an_order(lines=(a_line(price=LIMIT.minor, quantity=1),)))
    with pytest.raises(CreditLimitExceeded) as refusal:
        await store.place(placement, LEASE)
    assert refusal.value.metadata == {"limit_minor_units": str(LIMIT.minor)}
    assert await store.get(placement.order.order_id) is None
    assert await store.find_request(placement.key) is None
    assert await store.customer(placement.order.user_id) is None


async def test_pages_follow_each_other_without_gap_or_repeat(store: OrderStore, clock: FakeClock) -> None:
    user_id, made = uuid7(), []
    for number in range(7):
        if number % 3 == 0:  # some share their time, so that the id decides
            clock.advance(1)
        order = an_order(user_id=user_id, at=clock.now())
        await store.place(a_placement(order), LEASE)
        await store.place(a_placement(an_order(at=clock.now())), LEASE)  # somebody else's
        made.append(order)
    expected = sorted(made, key=lambda order: (order.created_at, order.order_id), reverse=True)
    seen: list[Order] = []
    after: PageKey | None = None
    while page := await store.list_orders(user_id, after, 3):
        seen += page
        after = PageKey(page[-1].created_at, page[-1].order_id)
    assert seen == expected
    assert len(await store.list_orders(None, None, 100)) == 14


async def test_purchases_are_the_newest_ten_confirmed_orders(store: OrderStore, clock: FakeClock) -> None:
    bench, user_id = Bench(store, clock), uuid7()
    for _ in range(12):
        clock.advance(60)
        await bench.engine().run(await bench.place(user_id=user_id))
    await bench.engine().run(await bench.place(user_id=user_id, token="tok_declined"))
    customer = await store.customer(user_id)
    assert customer is not None
    newest = list(reversed(bench.placed[2:12]))
    assert [purchase.order_id for purchase in customer.purchases] == newest
    total = 2 * 1_000 + 499
    assert (customer.order_count, customer.lifetime_value.minor) == (12, 12 * total)
    assert customer.loyalty_points == 12 * (total // 100)
    assert customer.open_amount.minor == 0
    assert customer.last_order_at == clock.now()


async def test_the_backlog_shows_the_oldest_workflow(store: OrderStore, clock: FakeClock) -> None:
    assert (await store.backlog()).oldest_s == 0
    await store.place(a_placement(an_order(at=clock.now() - timedelta(seconds=90))), LEASE)
    await store.place(a_placement(an_order(at=clock.now())), LEASE)
    backlog = await store.backlog()
    assert (backlog.parked, backlog.oldest_s) == (0, 90)


async def test_a_wish_to_cancel_is_marked_once(store: OrderStore, clock: FakeClock) -> None:
    bench = Bench(store, clock)
    order_id = (await bench.place()).order.order_id
    wishes = []
    for key in (a_key("one"), a_key("one"), a_key("two"), None):
        _, wish = await store.request_cancel(
            order_id, lambda order, flow: plan_cancel(order, flow, clock.now()), key, LEASE
        )
        wishes.append(wish)
    assert wishes == [Wish.MARKED, Wish.REPEATED, Wish.NOTHING, Wish.NOTHING]
    starts = [entry for entry in await store.timeline(order_id) if entry.step == "cancel"]
    assert [entry.note for entry in starts] == [Note.STARTED]


async def test_two_wishes_to_cancel_a_confirmed_order_open_it_once(
    store: OrderStore, clock: FakeClock
) -> None:
    bench = Bench(store, clock)
    order_id = (await bench.engine().run(await bench.place())).order.order_id
    asked = await asyncio.gather(
        *(
            store.request_cancel(
                order_id, lambda order, flow: plan_cancel(order, flow, clock.now()), None, LEASE
            )
            for _ in range(4)
        )
    )
    assert sorted(wish.name for _, wish in asked) == ["NOTHING"] * 3 + ["OPENED"]
    opened = next(work for work, wish in asked if wish is Wish.OPENED)
    assert (await bench.engine().run(opened)).order.state is OrderState.CANCELLED
    await bench.check()
