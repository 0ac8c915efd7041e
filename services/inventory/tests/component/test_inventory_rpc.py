"""The served inventory service: over the wire, on a real database and broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from banyan.inventory.v1 import inventory_pb2
from banyan.inventory.v1 import inventory_service_pb2 as pb
from meshkit.clock import FakeClock, uuid7
from meshkit.errors import RemoteError
from meshkit.testing import Running, eventually

R = TypeVar("R", bound=Message)
STAFF = [("banyan-user", uuid7()), ("banyan-roles", "customer,staff")]


async def call(
    served: Running, rpc: str, request: Message, kind: type[R], who: Sequence[tuple[str, str]] = ()
) -> R:
    method = f"/banyan.inventory.v1.InventoryService/{rpc}"
    return await served.channel.unary(method, request, kind, metadata=who, timeout_s=20)


async def receive(served: Running, product: str, quantity: int, request_id: str = "") -> inventory_pb2.Stock:
    request = pb.ReceiveGoodsRequest(product_id=product, quantity=quantity, request_id=request_id)
    return (await call(served, "ReceiveGoods", request, pb.ReceiveGoodsResponse, STAFF)).stock


def items(product: str, quantity: int) -> list[inventory_pb2.StockItem]:
    return [inventory_pb2.StockItem(product_id=product, quantity=quantity)]


async def test_customers_see_only_what_they_can_buy(served: Running) -> None:
    product = uuid7()
    await receive(served, product, 5)
    request = pb.GetStockRequest(product_id=product)
    shown = (await call(served, "GetStock", request, pb.GetStockResponse)).stock
    assert (shown.available, shown.received, shown.on_hand) == (5, 0, 0)
    full = (await call(served, "GetStock", request, pb.GetStockResponse, STAFF)).stock
    assert (full.available, full.received, full.on_hand) == (5, 5, 5)


async def test_goods_with_one_key_come_in_once(served: Running) -> None:
    product = uuid7()
    first = await receive(served, product, 5, "key-1")
    assert await receive(served, product, 5, "key-1") == first
    with pytest.raises(RemoteError) as caught:
        await receive(served, product, 6, "key-1")
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_reserve_commit_and_look(served: Running) -> None:
    product, order_id = uuid7(), uuid7()
    await receive(served, product, 5)
    reserve = pb.ReserveRequest(order_id=order_id, items=items(product, 2))
    held = (await call(served, "Reserve", reserve, pb.ReserveResponse)).reservation
    assert held.state == inventory_pb2.RESERVATION_STATE_HELD
    commit = pb.CommitReservationRequest(order_id=order_id)
    await call(served, "CommitReservation", commit, pb.CommitReservationResponse)
    look = pb.GetReservationRequest(order_id=order_id)
    seen = (await call(served, "GetReservation", look, pb.GetReservationResponse)).reservation
    assert seen.state == inventory_pb2.RESERVATION_STATE_COMMITTED
    stock = await call(served, "GetStock", pb.GetStockRequest(product_id=product), pb.GetStockResponse, STAFF)
    assert (stock.stock.on_hand, stock.stock.reserved, stock.stock.sold) == (3, 0, 2)


async def test_short_stock_names_the_line(served: Running) -> None:
    product = uuid7()
    await receive(served, product, 1)
    with pytest.raises(RemoteError) as caught:
        reserve = pb.ReserveRequest(order_id=uuid7(), items=items(product, 2))
        await call(served, "Reserve", reserve, pb.ReserveResponse)
    assert (caught.value.kind, caught.value.reason) == ("failed_precondition", "OUT_OF_STOCK")
    assert caught.value.violations[0][0] == "items[0].quantity"


async def test_product_named_twice_is_refused(served: Running) -> None:
    product = uuid7()
    with pytest.raises(RemoteError) as caught:
        twice = [*items(product, 1), *items(product, 1)]
        await call(served, "Reserve", pb.ReserveRequest(order_id=uuid7(), items=twice), pb.ReserveResponse)
    assert caught.value.violations[0][0] == "items[1].product_id"


async def test_late_reservation_is_swept_in_the_background(served: Running, clock: FakeClock) -> None:
    product, order_id = uuid7(), uuid7()
    await receive(served, product, 1)
    reserve = pb.ReserveRequest(order_id=order_id, items=items(product, 1), ttl=Duration(seconds=30))
    await call(served, "Reserve", reserve, pb.ReserveResponse)
    clock.advance(31)

    async def swept() -> bool:
        look = pb.GetReservationRequest(order_id=order_id)
        seen = await call(served, "GetReservation", look, pb.GetReservationResponse)
        return seen.reservation.state == inventory_pb2.RESERVATION_STATE_EXPIRED

    assert await eventually(swept, deadline_s=15)


@pytest.mark.parametrize("rpc", ["UpdateStock", "ReceiveGoods"])
async def test_only_staff_move_stock(served: Running, rpc: str) -> None:
    request, response = getattr(pb, f"{rpc}Request")(), getattr(pb, f"{rpc}Response")
    with pytest.raises(RemoteError) as caught:
        await call(served, rpc, request, response, [("banyan-user", uuid7()), ("banyan-roles", "customer")])
    assert caught.value.kind == "permission_denied"
