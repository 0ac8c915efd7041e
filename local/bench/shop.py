"""The loads: product reads and orders, and whether the books balance afterwards."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.request import urlopen

from local.bench.client import Connection
from local.bench.measure import Load, Processes, Step, run_load
from local.bench.overload import Overload, run_open

ADDRESS = {
    "recipientName": "Bench",
    "addressLines": ["1 Way"],
    "city": "Berlin",
    "postalCode": "10115",
    "countryCode": "DE",
}
PASSWORD = "correct horse battery staple"  # noqa: S105 - a seeded customer of a mesh that is wiped afterwards


class Bench:
    """Drives one mesh through its gateway."""

    def __init__(self, status: Mapping[str, Any], staff: tuple[str, str]) -> None:
        self._gateway = str(status["base_url"]).removeprefix("http://")
        self._provider = next(
            row["addresses"]["http"] for row in status["processes"] if row["name"] == "payment-provider"
        )
        self.inventory = next(
            row["addresses"]["grpc"] for row in status["processes"] if row["name"] == "inventory"
        )
        self._staff = staff
        self.processes = Processes(status)
        self.orders: list[dict[str, Any]] = []

    async def log_in(self, email: str, password: str) -> dict[str, str]:
        """The header that carries the token."""
        connection = await Connection.open(self._gateway)
        body = {"email": email, "password": password}
        session = await connection.json("POST", "/v1/sessions", body)
        connection.close()
        return {"authorization": f"Bearer {session['accessToken']}"}

    async def product_reads(self, at_once: int, total: int, seconds: float) -> Load:
        """GET /v1/products/{id} over a hundred products."""
        connection = await Connection.open(self._gateway)
        page = await connection.json("GET", "/v1/products?page_size=100")
        connection.close()
        paths = [f"/v1/products/{product['productId']}" for product in page["products"]]
        connections = [await Connection.open(self._gateway) for _ in range(at_once)]
        turns = [0] * at_once

        async def read(number: int) -> bool:
            turns[number] += 1
            path = paths[(number * 7 + turns[number]) % len(paths)]
            status, body = await connections[number].request("GET", path)
            return status == 200 and body.startswith(b'{"product":')

        load = await run_load([read] * at_once, total, seconds, self.processes)
        for each in connections:
            each.close()
        return load

    async def logins(self, at_once: int, total: int, seconds: float) -> Load:
        """POST /v1/sessions: a password is hashed each time."""
        connections = [await Connection.open(self._gateway) for _ in range(at_once)]

        async def log_in(number: int) -> bool:
            body = {"email": "ada@example.com", "password": PASSWORD}
            return (await connections[number].request("POST", "/v1/sessions", body))[0] == 201

        load = await run_load([log_in] * at_once, total, seconds, self.processes)
        for each in connections:
            each.close()
        return load

    async def new_product(self, stock: int) -> str:
        """A product for this bench alone, with this many units."""
        headers = await self.log_in(*self._staff)
        connection = await Connection.open(self._gateway)
        categories = (await connection.json("GET", "/v1/categories"))["categories"]
        body = {
            "name": "Bench product",
            "categoryId": categories[0]["categoryId"],
            "price": {"minorUnits": "100", "currencyCode": "EUR"},
            "weightGrams": 100,
        }
        made = await connection.json("POST", "/v1/products", body, headers)
        product = str(made["product"]["productId"])
        await connection.json("PUT", f"/v1/stock/{product}", {"onHand": str(stock)}, headers)
        connection.close()
        return product

    async def place_orders(self, product: str, at_once: int, total: int, seconds: float) -> Load:
        """POST /v1/orders of one unit each, by three customers; only a confirmed order counts as well."""
        customers = [await self.log_in(f"{name}@example.com", PASSWORD) for name in ("ada", "grace", "linus")]
        connections = [await Connection.open(self._gateway) for _ in range(at_once)]
        steps = [self._order_step(connections, customers, product)] * at_once
        load = await run_load(steps, total, seconds, self.processes)
        for each in connections:
            each.close()
        return load

    async def too_many_orders(self, product: str, rate: float, seconds: float) -> Overload:
        """The same orders, begun at a fixed rate on as many connections as that takes."""
        customers = [await self.log_in(f"{name}@example.com", PASSWORD) for name in ("ada", "grace", "linus")]
        idle: list[Connection] = []
        turns = itertools.count()

        async def act() -> tuple[int, bool]:
            connection = idle.pop() if idle else await Connection.open(self._gateway)
            try:
                outcome = await self._order(connection, customers[next(turns) % len(customers)], product)
            except (ConnectionError, TimeoutError):
                return 0, False
            idle.append(connection)
            return outcome

        load = await run_open(act, rate, seconds)
        for each in idle:
            each.close()
        return load

    def _order_step(
        self, connections: list[Connection], customers: list[dict[str, str]], product: str
    ) -> Step:
        async def order(number: int) -> bool:
            customer = customers[number % len(customers)]
            return (await self._order(connections[number], customer, product))[1]

        return order

    async def _order(
        self, connection: Connection, customer: dict[str, str], product: str
    ) -> tuple[int, bool]:
        """One order: the HTTP status, and whether it was confirmed."""
        body = {
            "items": [{"productId": product, "quantity": 1}],
            "shippingAddress": ADDRESS,
            "paymentToken": "tok_ok",
        }
        headers = customer | {"idempotency-key": uuid.uuid4().hex}
        status, answer = await connection.request("POST", "/v1/orders", body, headers)
        if status not in {201, 202}:
            return status, False
        placed = json.loads(answer)["order"]
        self.orders.append(placed)
        return status, bool(placed["state"] == "ORDER_STATE_CONFIRMED")

    async def books_balance(self, product: str) -> list[str]:
        """What does not balance between orders, stock and the provider's ledger; nothing when all does."""
        headers = await self.log_in(*self._staff)
        connection = await Connection.open(self._gateway)
        stock = (await connection.json("GET", f"/v1/stock/{product}", None, headers))["stock"]
        connection.close()
        confirmed = [each for each in self.orders if each["state"] == "ORDER_STATE_CONFIRMED"]
        level = {name: int(stock.get(name, 0)) for name in ("received", "onHand", "reserved", "sold")}
        charged = {
            charge["reference"]: charge["amount_minor"]
            for charge in ledger(self._provider)
            if charge["status"] == "succeeded"
        }
        wrong = [
            f"order {order['orderId']}: total {order['total']['minorUnits']}, charged {charged.get(order['orderId'])}"
            for order in confirmed
            if charged.get(order["orderId"]) != int(order["total"]["minorUnits"])
        ]
        if level["received"] != level["onHand"] + level["reserved"] + level["sold"]:
            wrong.append(f"stock does not balance: {level}")
        if level["sold"] < len(confirmed):
            wrong.append(f"{len(confirmed)} orders confirmed, {level['sold']} units sold")
        return wrong


def ledger(provider: str) -> list[dict[str, Any]]:
    """All charges in the payment provider's own book."""
    charges: list[dict[str, Any]] = []
    after: object = None
    while True:
        query = "limit=1000" + (f"&after={after}" if after else "")
        with urlopen(f"http://{provider}/v1/ledger?{query}", timeout=10) as answer:
            page = json.load(answer)
        charges += page["charges"]
        after = page.get("next_after")
        if after is None:
            return charges
