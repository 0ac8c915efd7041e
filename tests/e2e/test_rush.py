"""Everybody wants the same few things at once: as many are sold as there are, and everyone is told the truth."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

import httpx2
import pytest

from tests.support.goods import levels, new_product
from tests.support.mesh import RunningMesh
from tests.support.shop import FINAL, Shop

CUSTOMERS: Final = 20
CARTS_EACH: Final = 20
"""400 carts for 40 of each thing."""
DEADLINE_S: Final = 240.0
TRY_S: Final = 20.0
# "Not now": what a client repeats with the same key, as it does when no answer comes.
NOT_NOW: Final = frozenset({408, 409, 429, 502, 503, 504})
IN_PROGRESS: Final = frozenset({"ABORTED", "REQUEST_IN_PROGRESS"})
Json = dict[str, Any]


@pytest.fixture(scope="module")
def crowd(mesh: RunningMesh) -> Iterator[list[Shop]]:
    """Customers, logged in."""
    with ExitStack() as stack:
        shops = [stack.enter_context(Shop(mesh.gateway)) for _ in range(CUSTOMERS)]
        for shop in shops:
            shop.register_and_log_in()
        yield shops


def lines(products: Sequence[str]) -> list[tuple[str, int]]:
    return [(product, 1) for product in products]


async def place_and_follow(http: httpx2.AsyncClient, shop: Shop, body: Json) -> Json:
    """One order, asked for until it is answered and followed until it is final; the pauses grow, with jitter."""
    headers = {"authorization": shop.http.headers["authorization"], "idempotency-key": uuid.uuid4().hex}
    pause_s = 0.2
    method, path, order = "POST", "/v1/orders", Json()
    while order.get("state") not in FINAL:
        try:
            answer = await http.request(
                method, path, json=body if method == "POST" else None, headers=headers
            )
        except httpx2.TransportError:
            answer = None
        if answer is not None and answer.is_success:
            order = answer.json()["order"]
            method, path = "GET", f"/v1/orders/{order['orderId']}"
        elif answer is not None:
            retry = answer.status_code in NOT_NOW - {409} or answer.json()["code"] in IN_PROGRESS
            assert retry, f"{answer.status_code} {answer.text[:500]}"
        if order.get("state") not in FINAL:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(pause_s * 1.5, 3.0)
    return order


async def rush(mesh: RunningMesh, crowd: Sequence[Shop], wishes: Sequence[Sequence[str]]) -> list[Json]:
    """All wishes at once."""
    limits = httpx2.Limits(max_connections=len(wishes))
    async with (
        asyncio.timeout(DEADLINE_S),
        httpx2.AsyncClient(base_url=mesh.gateway, limits=limits, timeout=TRY_S) as http,
    ):
        turns = [crowd[number % len(crowd)] for number in range(len(wishes))]
        return await asyncio.gather(
            *(
                place_and_follow(http, shop, shop.order_body(*lines(wish)))
                for shop, wish in zip(turns, wishes, strict=True)
            )
        )


def charges(mesh: RunningMesh, orders: Sequence[Json]) -> Counter[str]:
    """How often the provider took money for each of the orders."""
    wanted = {order["orderId"] for order in orders}
    ledger = mesh.ledger("payment-provider", "charges")
    return Counter(
        str(each["reference"])
        for each in ledger
        if each["status"] == "succeeded" and each["reference"] in wanted
    )


def check(
    mesh: RunningMesh, staff: Shop, orders: Sequence[Json], products: Sequence[str], units: int
) -> None:
    """`units` orders were confirmed, each paid once; all others were told that stock ran out, and paid nothing."""
    confirmed = [
        order for order in orders if order["state"] in {"ORDER_STATE_CONFIRMED", "ORDER_STATE_FULFILLED"}
    ]
    rejected = [order for order in orders if order["state"] == "ORDER_STATE_REJECTED"]
    assert len({order["orderId"] for order in orders}) == len(orders)
    assert (len(confirmed), len(rejected)) == (units, len(orders) - units)
    assert {order["rejectionReason"] for order in rejected} == {"OUT_OF_STOCK"}
    assert charges(mesh, orders) == Counter({order["orderId"]: 1 for order in confirmed})
    for product in products:
        found = levels(staff, product)
        assert (found["sold"], found["onHand"], found["reserved"]) == (units, 0, 0)


@pytest.mark.timeout(DEADLINE_S + 60)
def test_a_thousand_want_one_of_a_hundred(mesh: RunningMesh, staff: Shop, crowd: list[Shop]) -> None:
    product = new_product(staff, stock=100, price=100)
    orders = asyncio.run(rush(mesh, crowd, [[product]] * 1_000))
    check(mesh, staff, orders, [product], units=100)


async def asked(
    http: httpx2.AsyncClient, shop: Shop, method: str, path: str, body: Json | None = None
) -> Json:
    """One request about a cart, asked again while the answer is "not now" or none."""
    headers = {"authorization": shop.http.headers["authorization"]}
    if method != "GET":
        headers["idempotency-key"] = uuid.uuid4().hex
    while True:
        try:
            answer = await http.request(method, path, json=body, headers=headers)
        except httpx2.TransportError:
            continue
        if answer.is_success:
            found: Json = answer.json()
            return found
        assert answer.status_code in NOT_NOW, f"{answer.status_code} {answer.text[:500]}"
        await asyncio.sleep(random.uniform(0.1, 0.5))


async def emptied(http: httpx2.AsyncClient, shop: Shop) -> None:
    """Returns when what was bought has left the cart, which an event does."""
    while True:
        if not (await asked(http, shop, "GET", "/v1/cart"))["cart"].get("items"):
            return
        await asyncio.sleep(0.1)


async def buy_carts(http: httpx2.AsyncClient, shop: Shop, wishes: Sequence[Sequence[str]]) -> list[Json]:
    """One cart after the other, filled in the order of its wish; the next one when what was bought has left it."""
    orders = []
    for wish in wishes:
        for product in wish:
            await asked(http, shop, "PUT", f"/v1/cart/items/{product}", {"quantity": 1})
        orders.append(await place_and_follow(http, shop, shop.order_body()))
        if orders[-1]["state"] != "ORDER_STATE_REJECTED":
            await emptied(http, shop)
    return orders


async def rush_with_carts(
    mesh: RunningMesh, crowd: Sequence[Shop], wishes: Sequence[Sequence[Sequence[str]]]
) -> list[Json]:
    """All customers at once, each with the carts of one row of `wishes`."""
    async with (
        asyncio.timeout(DEADLINE_S),
        httpx2.AsyncClient(base_url=mesh.gateway, timeout=TRY_S) as http,
    ):
        bought = [buy_carts(http, shop, row) for shop, row in zip(crowd, wishes, strict=True)]
        return [order for orders in await asyncio.gather(*bought) for order in orders]


@pytest.mark.timeout(DEADLINE_S + 60)
def test_carts_of_five_scarce_things_in_any_order_never_lock_each_other_out(
    mesh: RunningMesh, staff: Shop, crowd: list[Shop]
) -> None:
    products = [new_product(staff, stock=40, price=100) for _ in range(5)]
    dice = random.Random(5)
    wishes = [[dice.sample(products, len(products)) for _ in range(CARTS_EACH)] for _ in crowd]
    orders = asyncio.run(rush_with_carts(mesh, crowd, wishes))
    check(mesh, staff, orders, products, units=40)
    assert {len(order["lines"]) for order in orders} == {len(products)}


def test_the_books_balance_after_it(mesh: RunningMesh) -> None:
    assert "invariants hold" in mesh.run("audit", deadline_s=180)
