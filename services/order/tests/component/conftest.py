"""One real order server on real stores, its upstreams fakes over real gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from pydantic import SecretStr

from banyan.order.v1 import order_service_pb2 as calls
from meshkit.client import Channel, Response
from meshkit.clock import uuid7
from meshkit.context import Identity, acting_as
from meshkit.testing import running
from order.bootstrap import build
from order.settings import OrderSettings
from services.order.tests.books import Shop
from services.order.tests.component.servers import Faults, upstreams

SERVICE_DIR = Path(__file__).resolve().parents[2]


@dataclass
class World:
    """The order service as a client sees it, and the shop around it."""

    channel: Channel
    shop: Shop
    faults: Faults
    dsn: str
    nats_url: str
    settings: OrderSettings

    async def call(
        self, rpc: str, request: Message, *, user: str, staff: bool = False, timeout_s: float | None = None
    ) -> Response[Any]:
        response_type = getattr(calls, f"{rpc}Response")
        roles = frozenset({"customer", "staff"} if staff else {"customer"})
        with acting_as(Identity(user_id=user, roles=roles)):
            return await self.channel.call(
                f"/banyan.order.v1.OrderService/{rpc}", request, response_type, timeout_s=timeout_s
            )

    async def place(
        self,
        *,
        user: str,
        items: dict[str, int] | None = None,
        token: str = "tok_ok",
        key: str = "",
        timeout_s: float | None = None,
    ) -> Response[calls.PlaceOrderResponse]:
        request = calls.PlaceOrderRequest(
            items=[
                calls.OrderItem(product_id=product_id, quantity=quantity)
                for product_id, quantity in (items or {}).items()
            ],
            payment_token=token,
            request_id=key or uuid7(),
        )
        request.shipping_address.recipient_name = "Ada Example"
        request.shipping_address.address_lines.append("Elm Street 1")
        request.shipping_address.city = "Springfield"
        request.shipping_address.postal_code = "12345"
        request.shipping_address.country_code = "DE"
        return await self.call("PlaceOrder", request, user=user, timeout_s=timeout_s)


@pytest.fixture
async def world(database: Callable[[Path], str], nats_server: str) -> AsyncIterator[World]:
    """A fresh database and broker for each test."""
    shop, faults, dsn = Shop(), Faults(), database(SERVICE_DIR)
    async with upstreams(shop, faults) as addresses:
        given: dict[str, Any] = {f"{name}_addr": address for name, address in addresses.items()}
        settings = OrderSettings(
            database_url=SecretStr(dsn), nats_url=nats_server, workflow_poll_s=0.1, **given
        )
        async with running(build(settings)) as served:
            yield World(served.channel, shop, faults, dsn, nats_server, settings)


@pytest.fixture
def user() -> str:
    return uuid7()
