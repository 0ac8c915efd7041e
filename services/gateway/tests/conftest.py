"""A real gateway on a free port, with every upstream behind it on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from gateway.bootstrap import build
from gateway.settings import GatewaySettings
from meshkit.clock import SystemClock
from meshkit.server import Server
from meshkit.testing import running
from services.gateway.tests.tokens import Signer
from services.gateway.tests.upstreams import Upstreams

UPSTREAMS = ("user", "product", "cart", "inventory", "order", "payment", "shipping", "notification")


def gateway_settings(address: str, **more: Any) -> GatewaySettings:
    """Settings of a gateway whose upstreams are all at one address."""
    values: dict[str, Any] = {f"{name}_addr": address for name in UPSTREAMS}
    return GatewaySettings(
        **{
            "http_listen": "127.0.0.1:0",
            "admin_listen": "127.0.0.1:0",
            "drain_grace_s": 2.0,
            **values,
            **more,
        }
    )


def http_address(server: Server) -> str:
    """The base URL of a running gateway."""
    return f"http://{server.addresses['http']}"


@pytest.fixture
def signer() -> Signer:
    """The key that signs the tests' tokens."""
    return Signer("key-1")


@pytest.fixture
def bearer(signer: Signer) -> SimpleNamespace:
    """Authorization headers of a customer and of a member of staff."""
    clock = SystemClock()

    def header(*roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {signer.token(clock, roles=list(roles))}"}

    return SimpleNamespace(customer=header("customer"), staff=header("customer", "staff"))


@pytest.fixture
def upstreams(signer: Signer) -> Upstreams:
    """What the gateway calls; set `answers` before asking."""
    return Upstreams(signer)


@pytest.fixture
async def gateway(upstreams: Upstreams) -> AsyncIterator[Server]:
    """A gateway in front of the upstreams."""
    async with running(upstreams.app()) as behind:
        settings = gateway_settings(behind.server.addresses["grpc"])
        async with running(build(settings)) as edge:
            yield edge.server


@pytest.fixture
async def client(gateway: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of the gateway."""
    async with httpx2.AsyncClient(base_url=http_address(gateway), timeout=10) as made:
        yield made
