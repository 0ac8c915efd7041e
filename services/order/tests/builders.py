"""Orders and their parts, with sensible defaults."""

from __future__ import annotations

from datetime import UTC, datetime

from meshkit.clock import uuid7
from order.app.ports import Lease, Placement, RequestKey
from order.domain.money import Money
from order.domain.order import Address, Order, OrderLine, Speed
from order.domain.states import OrderState
from order.domain.workflow import placing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = Lease("here", 30.0)
OTHER_LEASE = Lease("there", 30.0)
NO_TIME = Lease("here", 0.0)
LIMIT = Money(1_000_000, "EUR")
TOKEN = "tok_ok"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def an_address(country_code: str = "DE") -> Address:
    return Address("Ada Example", ("Elm Street 1",), "Springfield", "12345", country_code)


def a_line(product_id: str | None = None, *, quantity: int = 2, price: int = 1_000) -> OrderLine:
    return OrderLine(product_id or uuid7(), "Mug", quantity, eur(price), 300)


def an_order(
    *, user_id: str | None = None, lines: tuple[OrderLine, ...] = (), at: datetime = NOW, order_id: str = ""
) -> Order:
    return Order(
        order_id=order_id or uuid7(),
        user_id=user_id or uuid7(),
        state=OrderState.PENDING,
        lines=lines or (a_line(),),
        shipping_price=eur(499),
        refunded=eur(0),
        address=an_address(),
        speed=Speed.STANDARD,
        created_at=at,
        updated_at=at,
    )


def a_key(request_id: str = "", *, caller: str = "someone", body: bytes = b"body") -> RequestKey:
    return RequestKey(caller, "/banyan.order.v1.OrderService/PlaceOrder", request_id or uuid7(), body)


def a_placement(order: Order | None = None, *, key: RequestKey | None = None) -> Placement:
    order = order or an_order()
    flow, entries = placing(order, TOKEN, order.created_at)
    return Placement(order, flow, entries, key or a_key())
