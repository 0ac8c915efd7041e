"""Placing orders over real gRPC and real PostgreSQL."""

from __future__ import annotations

from banyan.order.v1 import order_pb2
from banyan.order.v1 import order_service_pb2 as calls
from services.order.tests.component.conftest import World


async def test_an_order_of_given_items_is_confirmed_in_six_calls(world: World, user: str) -> None:
    mug = world.shop.offer(price=1_250, on_hand=10)
    response = await world.place(user=user, items={mug: 2})
    order = response.message.order
    assert order.state == order_pb2.ORDER_STATE_CONFIRMED
    assert order.total.minor_units == 2 * 1_250 + 499
    assert order.payment_id
    assert "banyan-http-status" not in response.initial_metadata
    assert world.shop.calls == [
        "BatchGetProducts",
        "QuoteShipping",
        "Reserve",
        "Charge",
        "CommitReservation",
    ]
    assert world.shop.payments.takings == [(order.order_id, 2_999)]
    assert world.shop.stock.on_hand[mug] == 8


async def test_the_timeline_shows_each_step_started_and_succeeded(world: World, user: str) -> None:
    mug = world.shop.offer()
    world.shop.carts[user] = {mug: 1}
    order_id = (await world.place(user=user)).message.order.order_id
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
