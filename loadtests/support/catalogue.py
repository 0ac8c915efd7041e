"""Goods and accounts of a run: made from the seed before anybody comes, found again by a later run with the same seed."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import Any

import requests

STAFF = ("BANYAN_STAFF_EMAIL", "BANYAN_STAFF_PASSWORD")
PASSWORD = "correct horse battery staple"  # noqa: S105 - customers of a test
PRODUCTS = 12
STOCK = 1_000_000
SCARCE = 100
SLOW_READERS = 2
LIMIT_S = 30
Json = dict[str, Any]


class SetUpError(Exception):
    """The run can't begin; says what to do."""


@dataclass
class Catalogue:
    """What the people of this process share; filled by `prepare`."""

    products: list[str] = field(default_factory=list)
    scarce: str = ""
    """A product of which there are few units, for flash sales."""
    staff: dict[str, str] = field(default_factory=dict)
    """Headers of the member of staff."""
    customers: list[dict[str, str]] = field(default_factory=list)
    """Headers of customers who are logged in, for journeys that are not about logging in."""
    emails: list[str] = field(default_factory=list)
    slow_readers: list[dict[str, str]] = field(default_factory=list)
    """Headers of customers whose mailboxes are slow: the stand-in takes its time for addresses that begin with `slow.`"""

    def prepare(self, host: str, seed: int, process: int, customers: int) -> None:
        """Logs staff in, puts goods on sale, registers customers; SetUpError when the shop will not."""
        shop = _Shop(host)
        email, password = (os.environ.get(name, "") for name in STAFF)
        if not (email and password):
            raise SetUpError(f"set {STAFF[0]} and {STAFF[1]}: a member of staff puts the goods on sale")
        try:
            self.staff = shop.log_in(email, password)
        except SetUpError as error:
            raise SetUpError(f"{email}, from {STAFF[0]} and {STAFF[1]}, can't log in: {error}") from error
        category = shop.get("/v1/categories")["categories"][0]["categoryId"]
        self.products = [
            shop.put_on_sale(self.staff, _product(seed, number, category), f"load-{seed}-{number}", STOCK)
            for number in range(PRODUCTS)
        ]
        scarce = _product(seed, PRODUCTS, category)
        self.scarce = shop.put_on_sale(self.staff, scarce, f"load-{seed}-scarce", SCARCE)
        self.emails = [f"load-{seed}-{process}-{number}@example.com" for number in range(customers)]
        self.customers = [shop.customer(email) for email in self.emails]
        self.slow_readers = [shop.customer(f"slow.{email}") for email in self.emails[:SLOW_READERS]]


class _Shop:
    """The gateway before the run: plain requests that locust does not count."""

    def __init__(self, host: str) -> None:
        self._host = host.rstrip("/")
        self._http = requests.Session()

    def get(self, path: str) -> Json:
        return self._send("GET", path, None, {}, (200,))

    def log_in(self, email: str, password: str) -> dict[str, str]:
        body = {"email": email, "password": password}
        session = self._send("POST", "/v1/sessions", body, {}, (201,))
        return {"Authorization": f"Bearer {session['accessToken']}"}

    def customer(self, email: str) -> dict[str, str]:
        """Registers them unless they are there already; logs them in."""
        body = {"email": email, "password": PASSWORD, "displayName": "Load"}
        self._send("POST", "/v1/users", body, {}, (201, 409))
        return self.log_in(email, PASSWORD)

    def put_on_sale(self, staff: dict[str, str], product: Json, key: str, stock: int) -> str:
        """The product's id; a repeat with the same key finds the same product."""
        headers = staff | {"Idempotency-Key": key}
        made = self._send("POST", "/v1/products", product, headers, (201,))
        product_id: str = made["product"]["productId"]
        if stock:
            headers = staff | {"Idempotency-Key": f"{key}-stock"}
            path = f"/v1/stock/{product_id}:receive"
            self._send("POST", path, {"quantity": str(stock)}, headers, (200,))
        return product_id

    def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str], expect: tuple[int, ...]
    ) -> Json:
        try:
            reply = self._http.request(method, self._host + path, json=body, headers=headers, timeout=LIMIT_S)
        except requests.RequestException as error:
            raise SetUpError(f"{self._host} does not answer: start the shop, or name it by --host") from error
        if reply.status_code not in expect:
            raise SetUpError(f"{method} {path} was answered {reply.status_code}: {reply.text[:300]}")
        document: Json = reply.json() if reply.content else {}
        return document


def _product(seed: int, number: int, category: str) -> Json:
    dice = random.Random(f"{seed} {number}")
    return {
        "name": f"Load {seed} thing {number + 1}",
        "categoryId": category,
        "price": {"minorUnits": str(dice.randrange(300, 9_000, 50)), "currencyCode": "EUR"},
        "weightGrams": dice.randrange(100, 2_000, 50),
    }


CATALOGUE = Catalogue()
"""Of this process: locust makes users by itself, and gives them nothing but the environment."""
