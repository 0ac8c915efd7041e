"""Cancelling, reading, paging, the customer, and who may see what."""

from __future__ import annotations

import asyncio

import pytest

from banyan.order.v1 import order_pb2
from banyan.order.v1 import order_service_pb2 as calls
from meshkit.client import Response
from meshkit.clock import uuid7
from meshkit.errors import RemoteError
from meshkit.testing import eventually
from services.order.tests.books import Refusal
from services.order.tests.component.conftest import World

CANCELLED, CONFIRMED = order_pb2.ORDER_STATE_CANCELLED, order_pb2.ORDER_STATE_CONFIRMED


async def _bought(world: World, user: str, quantity: int = 1) -> tuple[str, str]:
    mug = world.shop.offer(on_hand=10)
    return (await world.place(user=user, items={mug: quantity})).message.order.order_id, mug


async def _cancel(
    world: World, order_id: str, user: str, *, staff: bool = False, key: str = "", timeout_s: float = 5.0
) -> Response[calls.CancelOrderResponse]:
    request = calls.CancelOrderRequest(order_id=order_id, request_id=key)
    return await world.call("CancelOrder", request, user=user, staff=staff, timeout_s=timeout_s)


async def test_a_confirmed_order_is_cancelled_stopped_paid_back_and_restocked(
    world: World, user: str
) -> None:
    order_id, mug = await _bought(world, user, 3)
    answer = await _cancel(world, order_id, user)
    assert answer.message.order.state == CANCELLED
    assert answer.message.order.refunded == answer.message.order.total
    assert order_id in world.shop.parcels.voided
    assert world.shop.payments.kept(order_id) == 0
    assert world.shop.stock.on_hand[mug] == 10
    assert "banyan-http-status" not in answer.initial_metadata
    assert world.shop.calls[-3:] == ["VoidShipment", "RefundOrder", "ReleaseReservation"]


async def test_cancelling_again_is_no_error_with_or_without_a_key(world: World, user: str) -> None:
    order_id, _ = await _bought(world, user)
    for key in ("", "k", "k", ""):
        answer = await _cancel(world, order_id, user, key=key)
        assert answer.message.order.state == CANCELLED
    assert world.shop.calls.count("RefundOrder") == 1


async def test_a_key_of_another_cancellation_is_refused(world: World, user: str) -> None:
    first, _ = await _bought(world, user)
    second, _ = await _bought(world, user)
    await _cancel(world, first, user, key="k")
    with pytest.raises(RemoteError) as refusal:
        await _cancel(world, second, user, key="k")
    assert refusal.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_dispatched_order_stays_as_it_is(world: World, user: str) -> None:
    order_id, _ = await _bought(world, user)
    world.shop.parcels.dispatched.add(order_id)
    for key in ("k", "k"):
        with pytest.raises(RemoteError) as refusal:
            await _cancel(world, order_id, user, key=key)
        assert refusal.value.reason == "ORDER_NOT_CANCELLABLE"
    got = await world.call("GetOrder", calls.GetOrderRequest(order_id=order_id), user=user)
    assert got.message.order.state == CONFIRMED
    assert "RefundOrder" not in world.shop.calls


async def test_a_rejected_order_cannot_be_cancelled(world: World, user: str) -> None:
    mug = world.shop.offer(on_hand=0)
    order_id = (await world.place(user=user, items={mug: 1})).message.order.order_id
    with pytest.raises(RemoteError) as refusal:
        await _cancel(world, order_id, user)
    assert refusal.value.reason == "ORDER_NOT_CANCELLABLE"


async def test_a_cancellation_that_takes_long_answers_202_and_ends_by_itself(world: World, user: str) -> None:
    order_id, _ = await _bought(world, user)
    gate = world.faults.gates["RefundOrder"] = asyncio.Event()
    answer = await _cancel(world, order_id, user, timeout_s=1.0)
    assert answer.message.order.state == order_pb2.ORDER_STATE_CANCELLING
    assert answer.initial_metadata["banyan-http-status"] == "202"
    gate.set()

    async def cancelled() -> bool:
        got = await world.call("GetOrder", calls.GetOrderRequest(order_id=order_id), user=user)
        return bool(got.message.order.state == CANCELLED)

    await eventually(cancelled)


async def test_cancelling_a_pending_order_in_the_middle_of_its_charge(world: World, user: str) -> None:
    mug = world.shop.offer(on_hand=10)
    gate = world.faults.gates["Charge"] = asyncio.Event()
    placing = asyncio.create_task(world.place(user=user, items={mug: 1}))
    await eventually(lambda: "Charge" in world.shop.calls)
    listed = (await world.call("ListOrders", calls.ListOrdersRequest(), user=user)).message.orders
    cancelling = asyncio.create_task(_cancel(world, listed[0].order_id, user))
    entries = calls.GetOrderTimelineRequest(order_id=listed[0].order_id)

    async def wished() -> bool:
        timeline = (await world.call("GetOrderTimeline", entries, user=user)).message.entries
        return any(entry.step == "cancel" for entry in timeline)

    await eventually(wished)
    gate.set()
    assert (await cancelling).message.order.state == CANCELLED
    assert (await placing).message.order.state == CANCELLED
    assert world.shop.payments.kept(listed[0].order_id) == 0
    assert world.shop.stock.on_hand[mug] == 10


async def test_upstreams_that_fail_for_a_while_only_delay_a_cancellation(world: World, user: str) -> None:
    order_id, _ = await _bought(world, user)
    for rpc in ("VoidShipment", "RefundOrder", "ReleaseReservation"):
        world.faults.before[rpc] = [Refusal("internal", "BROKEN")]
        world.faults.after[rpc] = [Refusal("internal", "LOST")]
    assert (await _cancel(world, order_id, user)).message.order.state == CANCELLED
    assert world.shop.payments.kept(order_id) == 0


async def test_orders_of_others_do_not_exist_and_staff_see_all(world: World, user: str) -> None:
    order_id, _ = await _bought(world, user)
    stranger, staff = uuid7(), uuid7()
    for rpc in ("GetOrder", "GetOrderTimeline", "CancelOrder"):
        with pytest.raises(RemoteError) as refusal:
            request = getattr(calls, f"{rpc}Request")(order_id=order_id)
            await world.call(rpc, request, user=stranger)
        assert (refusal.value.kind, refusal.value.reason) == ("not_found", "ORDER_NOT_FOUND")
    assert not (await world.call("ListOrders", calls.ListOrdersRequest(), user=stranger)).message.orders
    seen = await world.call("GetOrder", calls.GetOrderRequest(order_id=order_id), user=staff, staff=True)
    assert seen.message.order.order_id == order_id
    listed = await world.call("ListOrders", calls.ListOrdersRequest(), user=staff, staff=True)
    assert [order.order_id for order in listed.message.orders] == [order_id]
    assert (await _cancel(world, order_id, staff, staff=True)).message.order.state == CANCELLED


async def test_pages_are_newest_first_and_tokens_are_the_viewers_own(world: World, user: str) -> None:
    placed = [(await _bought(world, user))[0] for _ in range(5)]
    seen: list[str] = []
    token = ""
    while True:
        page = (
            await world.call("ListOrders", calls.ListOrdersRequest(page_size=2, page_token=token), user=user)
        ).message
        seen += [order.order_id for order in page.orders]
        token = page.next_page_token
        if not token:
            break
        with pytest.raises(RemoteError) as refusal:
            await world.call("ListOrders", calls.ListOrdersRequest(page_token=token), user=uuid7())
        assert refusal.value.kind == "invalid_argument"
    assert seen == list(reversed(placed))


async def test_the_customers_figures_follow_their_orders(world: World, user: str) -> None:
    fresh = (await world.call("GetCustomer", calls.GetCustomerRequest(), user=user)).message.customer
    assert (fresh.customer_id, fresh.credit_limit.minor_units, fresh.order_count) == (user, 1_000_000, 0)
    kept, _ = await _bought(world, user, 2)
    dropped, _ = await _bought(world, user)
    await _cancel(world, dropped, user)
    customer = (await world.call("GetCustomer", calls.GetCustomerRequest(), user=user)).message.customer
    total = 2 * 1_000 + 499
    assert (customer.order_count, customer.lifetime_value.minor_units) == (1, total)
    assert (customer.loyalty_points, customer.open_amount.minor_units) == (total // 100, 0)
    assert [purchase.order_id for purchase in customer.recent_purchases] == [kept]
