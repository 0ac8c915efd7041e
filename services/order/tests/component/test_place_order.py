"""Placing orders over real gRPC and real PostgreSQL."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from banyan.order.v1 import order_pb2
from banyan.order.v1 import order_service_pb2 as calls
from meshkit.clock import uuid7
from meshkit.errors import RemoteError
from meshkit.testing import eventually
from services.order.tests.books import Refusal
from services.order.tests.component.conftest import World

CONFIRMED, REJECTED = order_pb2.ORDER_STATE_CONFIRMED, order_pb2.ORDER_STATE_REJECTED


async def test_an_order_of_given_items_is_confirmed_in_five_calls(world: World, user: str) -> None:
    mug = world.shop.offer(price=1_250, on_hand=10)
    response = await world.place(user=user, items={mug: 2})
    order = response.message.order
    assert (order.state, order.user_id) == (CONFIRMED, user)
    assert order.total.minor_units == 2 * 1_250 + 499
    assert order.payment_id
    assert "banyan-http-status" not in response.initial_metadata
    assert world.shop.calls == ["BatchGetProducts", "QuoteShipping", "Reserve", "Charge", "CommitReservation"]
    assert world.shop.payments.takings == [(order.order_id, 2_999)]
    assert world.shop.stock.on_hand[mug] == 8


async def test_the_timeline_of_a_cart_shows_each_step(world: World, user: str) -> None:
    world.shop.carts[user] = {world.shop.offer(): 1}
    order_id = (await world.place(user=user)).message.order.order_id
    assert world.shop.calls[0] == "GetCart"
    timeline = await world.call(
        "GetOrderTimeline", calls.GetOrderTimelineRequest(order_id=order_id), user=user
    )
    assert [(entry.step, entry.outcome) for entry in timeline.message.entries] == [
        ("place", "succeeded"),
        ("reserve", "started"),
        ("reserve", "succeeded"),
        ("charge", "started"),
        ("charge", "succeeded"),
        ("commit", "started"),
        ("commit", "succeeded"),
        ("confirm", "succeeded"),
    ]


@pytest.mark.parametrize(
    ("token", "on_hand", "reason"),
    [
        ("tok_ok", 0, "OUT_OF_STOCK"),
        ("tok_declined", 5, "PAYMENT_DECLINED"),
        ("tok_failed", 5, "PAYMENT_FAILED"),
    ],
)
async def test_what_cannot_be_is_a_rejected_order_and_no_error(
    world: World, user: str, token: str, on_hand: int, reason: str
) -> None:
    mug = world.shop.offer(on_hand=on_hand)
    order = (await world.place(user=user, items={mug: 1}, token=token)).message.order
    assert (order.state, order.rejection_reason) == (REJECTED, reason)
    assert world.shop.stock.on_hand[mug] == on_hand
    assert world.shop.payments.takings == []


async def test_a_reservation_that_ended_before_its_commit_pays_back(world: World, user: str) -> None:
    mug = world.shop.offer()
    world.faults.before["CommitReservation"] = [Refusal("failed_precondition", "RESERVATION_ENDED")]
    order = (await world.place(user=user, items={mug: 1})).message.order
    assert (order.state, order.rejection_reason) == (REJECTED, "RESERVATION_EXPIRED")
    assert world.shop.payments.kept(order.order_id) == 0
    assert order.refunded == order.total


async def test_lost_answers_and_a_slow_provider_still_make_one_charge(world: World, user: str) -> None:
    mug = world.shop.offer()
    for rpc in ("Reserve", "Charge", "CommitReservation"):
        world.faults.after[rpc] = [Refusal("internal", "LOST")]
    order = (await world.place(user=user, items={mug: 1}, token="tok_pending")).message.order
    assert order.state == CONFIRMED
    assert len(world.shop.payments.takings) == 1


async def test_a_repeat_is_the_same_order_marked_as_a_replay(world: World, user: str) -> None:
    world.shop.carts[user] = {world.shop.offer(): 1}
    first = await world.place(user=user, key="key-1")
    world.shop.carts[user] = {}
    again = await world.place(user=user, key="key-1")
    assert again.message == first.message
    assert "banyan-idempotency-replayed" not in first.initial_metadata
    assert again.initial_metadata["banyan-idempotency-replayed"] == "true"
    with pytest.raises(RemoteError) as reused:
        await world.place(user=user, key="key-1", token="tok_other")
    assert (reused.value.kind, reused.value.reason) == ("failed_precondition", "IDEMPOTENCY_KEY_REUSED")
    other = uuid7()
    world.shop.carts[other] = {world.shop.offer(): 1}
    assert (await world.place(user=other, key="key-1")).message.order.user_id == other


async def test_repeats_at_once_place_one_order(world: World, user: str) -> None:
    mug = world.shop.offer()
    answers = await asyncio.gather(*(world.place(user=user, items={mug: 1}, key="k") for _ in range(6)))
    assert len({answer.message.order.order_id for answer in answers}) == 1
    assert {answer.message.order.state for answer in answers} == {CONFIRMED}
    assert len(world.shop.payments.takings) == 1


async def test_a_budget_that_runs_out_answers_202_and_the_order_goes_on(world: World, user: str) -> None:
    mug = world.shop.offer()
    world.faults.gates["Charge"] = asyncio.Event()
    response = await world.place(user=user, items={mug: 1}, key="k", timeout_s=1.0)
    order = response.message.order
    assert order.state == order_pb2.ORDER_STATE_PENDING
    assert response.initial_metadata["banyan-http-status"] == "202"
    assert response.initial_metadata["banyan-location"] == f"/v1/orders/{order.order_id}"
    world.faults.gates.pop("Charge").set()
    replay = await world.place(user=user, items={mug: 1}, key="k")
    assert replay.message.order.state == CONFIRMED
    assert replay.message.order.order_id == order.order_id


async def test_a_caller_that_hangs_up_leaves_the_order_running(world: World, user: str) -> None:
    mug = world.shop.offer()
    gate = world.faults.gates["Charge"] = asyncio.Event()
    call = asyncio.create_task(world.place(user=user, items={mug: 1}, key="k"))
    await eventually(lambda: "Charge" in world.shop.calls)
    call.cancel()
    await asyncio.wait({call})
    gate.set()
    await eventually(lambda: "CommitReservation" in world.shop.calls)
    listed = await eventually(lambda: _confirmed(world, user))
    assert len(listed) == 1


async def _confirmed(world: World, user: str) -> list[str]:
    listed = (await world.call("ListOrders", calls.ListOrdersRequest(), user=user)).message
    return [order.order_id for order in listed.orders if order.state == CONFIRMED]


async def test_refusals_before_an_order_exists_are_errors_with_reasons(world: World, user: str) -> None:
    mug = world.shop.offer()
    expected = [
        ({}, "CART_EMPTY"),
        ({uuid7(): 1}, "PRODUCT_UNAVAILABLE"),
        ({world.shop.offer(price=2_000_000): 1}, "CREDIT_LIMIT_EXCEEDED"),
        ({world.shop.offer(weight_grams=100_000): 11}, "PARCEL_TOO_HEAVY"),
    ]
    for items, reason in expected:
        with pytest.raises(RemoteError) as refusal:
            await world.place(user=user, items=items)
        assert (refusal.value.kind, refusal.value.reason) == ("failed_precondition", reason)
        assert refusal.value.domain == "order.banyan"
    twice = calls.QuoteOrderRequest(
        items=[calls.OrderItem(product_id=mug, quantity=1)] * 2, country_code="DE"
    )
    with pytest.raises(RemoteError) as refusal:
        await world.call("QuoteOrder", twice, user=user)
    assert refusal.value.violations[0][0] == "items[1].product_id"
    with pytest.raises(RemoteError) as refusal:
        await world.call(
            "QuoteOrder",
            calls.QuoteOrderRequest(items=[calls.OrderItem(product_id=mug, quantity=1)], country_code="AQ"),
            user=user,
        )
    assert (refusal.value.reason, refusal.value.domain) == ("DESTINATION_NOT_SERVED", "shipping.banyan")


async def test_a_quote_holds_nothing(world: World, user: str) -> None:
    mug = world.shop.offer(price=700)
    request = calls.QuoteOrderRequest(
        items=[calls.OrderItem(product_id=mug, quantity=3)],
        country_code="DE",
        shipping_speed=order_pb2.SHIPPING_SPEED_EXPRESS,
    )
    quote = (await world.call("QuoteOrder", request, user=user)).message
    assert (quote.subtotal.minor_units, quote.shipping_price.minor_units) == (2_100, 999)
    assert quote.total.minor_units == 3_099
    assert world.shop.calls == ["BatchGetProducts", "QuoteShipping"]


async def test_a_call_without_a_user_or_with_a_bad_request_is_refused(world: World, user: str) -> None:
    with pytest.raises(RemoteError) as refusal:
        await world.call("GetCustomer", calls.GetCustomerRequest(), user="")
    assert refusal.value.kind == "unauthenticated"
    with pytest.raises(RemoteError) as refusal:
        await world.place(user=user, items={"no-uuid": 100})
    fields = {field for field, _ in refusal.value.violations}
    assert fields == {"items[0].product_id", "items[0].quantity"}
    assert grpc.StatusCode.INVALID_ARGUMENT.name.lower() == refusal.value.kind
