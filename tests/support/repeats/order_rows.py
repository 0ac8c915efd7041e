"""Orders placed and cancelled, money paid back. Their effects are counted in the provider's own books, too."""

from __future__ import annotations

from typing import Any

from tests.support.eventually import eventually
from tests.support.goods import levels, new_product
from tests.support.repeats.case import Ask, Case, Mutation, World
from tests.support.shop import FINAL, Json, Shop


def _orders_with(who: Shop, product: str) -> list[Json]:
    """All orders of a product, once nothing is under way with any of them."""

    def settled() -> list[Json]:
        found = who.get("/v1/orders?pageSize=100").get("orders", [])
        ours = [each for each in found if product in [line["productId"] for line in each["lines"]]]
        assert all(each["state"] in FINAL for each in ours), [each["state"] for each in ours]
        return ours or [{}]

    return [order for order in eventually(settled, deadline_s=30) if order]


def _payment_of(who: Shop, order_id: str) -> Json:
    (payment,) = who.get(f"/v1/payments?orderId={order_id}")["payments"]
    found: Json = payment
    return found


def _amounts(world: World, kind: str, field: str, of: list[str]) -> list[int]:
    """What the provider's books say, smallest first."""
    return sorted(
        entry["amount_minor"] for entry in world.mesh.ledger("payment-provider", kind) if entry[field] in of
    )


def _place(world: World, caller: int) -> Case:
    who, keeper = world.buyers[caller], world.staff[0]
    product = new_product(keeper, stock=20, price=100)
    first, other = (Ask("POST", "/v1/orders", who.order_body((product, quantity))) for quantity in (1, 2))

    def seen() -> tuple[list[str], int, list[int]]:
        orders = [order["orderId"] for order in _orders_with(who, product)]
        payments = [_payment_of(who, order)["paymentId"] for order in orders]
        return (
            sorted(orders),
            levels(keeper, product)["sold"],
            _amounts(world, "charges", "idempotency_key", payments),
        )

    return Case(who, first, other, seen)


def _cancel(world: World, caller: int) -> Case:
    who, keeper = world.buyers[caller], world.staff[0]
    product = new_product(keeper, stock=20, price=100)
    orders = [who.place((product, 1))["orderId"] for _ in "ab"]
    charges = [_payment_of(who, order["orderId"])["providerChargeId"] for order in _orders_with(who, product)]
    first, other = (Ask("POST", f"/v1/orders/{order}:cancel", {}) for order in orders)

    def seen() -> tuple[list[str], int, list[int]]:
        states = {order["orderId"]: order["state"] for order in _orders_with(who, product)}
        return (
            [states[order] for order in orders],
            levels(keeper, product)["restocked"],
            _amounts(world, "refunds", "charge_id", charges),
        )

    return Case(who, first, other, seen)


def _refund(world: World, caller: int) -> Case:
    buyer, who = world.buyers[0], world.staff[caller]
    order = buyer.place((new_product(who, stock=1, price=5000), 1))
    payment = _payment_of(buyer, order["orderId"])
    path = f"/v1/payments/{payment['paymentId']}:refund"
    first, other = (
        Ask("POST", path, {"amount": {"minorUnits": str(minor), "currencyCode": "EUR"}})
        for minor in (100, 200)
    )

    def seen() -> list[int]:
        def paid_back() -> list[int]:
            refunds = who.get(f"/v1/payments/{payment['paymentId']}")["payment"].get("refunds", [])
            assert all(each["state"] == "REFUND_STATE_SUCCEEDED" for each in refunds), refunds
            return _amounts(world, "refunds", "charge_id", [payment["providerChargeId"]]) or [0]

        return eventually(paid_back, deadline_s=30)

    return Case(who, first, other, seen)


def _same_order(answer: Json) -> Any:
    """An order is told as it is when asked, so that a repeat shows how far it has come."""
    return {name: answer["order"][name] for name in ("orderId", "lines", "total", "createTime")}


def _same_refund(answer: Json) -> Any:
    return answer["refund"]["refundId"], answer["refund"]["amount"], answer["payment"]["paymentId"]


ORDER = (
    Mutation("order.PlaceOrder", _place, _same_order),
    Mutation("order.CancelOrder", _cancel, _same_order),
)
PAYMENT = (Mutation("payment.RefundPayment", _refund, _same_refund),)
