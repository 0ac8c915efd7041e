"""A person at the gateway: what they do, step by step, over plain REST."""

from __future__ import annotations

import uuid
from types import TracebackType
from typing import Any, Final, Self

import httpx2

PASSWORD: Final = "correct horse battery staple"
ADDRESS: Final = {
    "recipientName": "Erika Mustermann",
    "addressLines": ["Heidestrasse 17"],
    "city": "Berlin",
    "postalCode": "10557",
    "countryCode": "DE",
}
FINAL: Final = {
    "ORDER_STATE_CONFIRMED",
    "ORDER_STATE_REJECTED",
    "ORDER_STATE_CANCELLED",
    "ORDER_STATE_FULFILLED",
}
Json = dict[str, Any]


class Shop:
    """One client of the gateway; logged in once `log_in` was called."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx2.Client(base_url=base_url, timeout=20)
        self.email = ""
        self.user_id = ""
        self.refresh_token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def call(
        self, method: str, path: str, body: object = None, expect: int = 200, **headers: str
    ) -> httpx2.Response:
        """One request; AssertionError with the answer when its status is not the expected one."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, path, json=body, headers=names)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:1500]}"
        return answer

    def get(self, path: str, *, expect: int = 200) -> Json:
        """The JSON of one GET."""
        document: Json = self.call("GET", path, expect=expect).json()
        return document

    def problem(self, method: str, path: str, body: object = None, *, expect: int, **headers: str) -> Json:
        """The problem document of a request that must fail, checked for its form (RFC 9457)."""
        answer = self.call(method, path, body, expect, **headers)
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
        document: Json = answer.json()
        assert document["status"] == expect
        assert {"type", "title", "code", "trace_id"} <= set(document), document
        return document

    def register_and_log_in(self) -> None:
        """A new account with a fresh address."""
        email = f"{uuid.uuid4().hex}@banyan.test"
        body = {"email": email, "password": PASSWORD, "displayName": "Erika"}
        self.call("POST", "/v1/users", body, expect=201)
        self.log_in(email, PASSWORD)

    def log_in(self, email: str, password: str) -> None:
        """From now on requests carry the token."""
        session = self.call("POST", "/v1/sessions", {"email": email, "password": password}, expect=201).json()
        self.email, self.user_id = email, session["userId"]
        self.refresh_token = session["refreshToken"]
        self.http.headers["authorization"] = f"Bearer {session['accessToken']}"

    def put_in_cart(self, product_id: str, quantity: int = 1, **headers: str) -> Json:
        """Sets a product's quantity in the cart; the cart."""
        path = f"/v1/cart/items/{product_id}"
        cart: Json = self.call("PUT", path, {"quantity": quantity}, 200, **headers).json()["cart"]
        return cart

    def order_body(self, *items: tuple[str, int], token: str = "tok_ok") -> Json:
        """What POST /v1/orders takes; without items the cart is ordered."""
        lines = [{"productId": product, "quantity": quantity} for product, quantity in items]
        return {"items": lines, "shippingAddress": ADDRESS, "paymentToken": token}

    def place(self, *items: tuple[str, int], token: str = "tok_ok", key: str = "") -> Json:
        """Places an order with a fresh idempotency key; the order as first answered."""
        answer = self.http.post(
            "/v1/orders",
            json=self.order_body(*items, token=token),
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
        )
        assert answer.status_code in {201, 202}, f"{answer.status_code} {answer.text[:1500]}"
        order: Json = answer.json()["order"]
        # 201 promises a final state, 202 a place to look for it.
        assert (answer.status_code == 201) == (order["state"] in FINAL), (answer.status_code, order["state"])
        return order

    def order(self, order_id: str) -> Json:
        """The order as it is now."""
        found: Json = self.get(f"/v1/orders/{order_id}")["order"]
        return found
