"""No token, name or address gets into a log line, and the metrics are those of the contract."""

from __future__ import annotations

import io
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from meshkit import logging
from meshkit.testing import running
from order.bootstrap import build
from order.settings import OrderSettings
from services.order.tests.books import Refusal, Shop
from services.order.tests.component.conftest import SERVICE_DIR, World
from services.order.tests.component.servers import Faults, upstreams

TELEMETRY = SERVICE_DIR.parents[1] / "protos/config/telemetry.yaml"
OWN_PREFIX = "order_"


async def test_logs_hold_no_personal_data_and_no_tokens(
    database: Callable[[Path], str], nats_server: str, user: str, request: pytest.FixtureRequest
) -> None:
    stream, shop, faults = io.StringIO(), Shop(), Faults()
    dsn = database(SERVICE_DIR)
    logging.configure("order", "debug", stream)
    request.addfinalizer(lambda: logging.configure("test", "info"))
    async with upstreams(shop, faults) as addresses:
        given: dict[str, Any] = {f"{name}_addr": address for name, address in addresses.items()}
        settings = OrderSettings(database_url=SecretStr(dsn), nats_url=nats_server, **given)
        async with running(build(settings)) as served:
            world = World(served.channel, shop, faults, dsn, nats_server, settings)
            mug = shop.offer()
            for rpc in ("Reserve", "Charge"):
                faults.before[rpc] = [Refusal("internal", "BROKEN")]
            await world.place(user=user, items={mug: 1}, token="tok_secret_1")
            await world.place(user=user, items={mug: 1}, token="tok_declined")
    written = stream.getvalue()
    assert written.count("\n") > 5
    for secret in ("tok_", "Ada", "Elm Street", "12345", "Springfield"):
        assert secret not in written, secret


async def test_the_admin_port_shows_the_metrics_of_the_contract_and_readiness(
    world: World, user: str
) -> None:
    await world.place(user=user, items={world.shop.offer(): 1})
    contract = yaml.safe_load(TELEMETRY.read_text())["services"]["order"]
    async with running(build(world.settings)) as served:
        admin = served.server.addresses["admin"]
        text = await _get(f"http://{admin}/metrics")
        assert await _get(f"http://{admin}/readyz")
    told = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")}
    own = {name: kind for name, kind in told.items() if name.startswith(OWN_PREFIX)}
    own = {name: kind for name, kind in own.items() if not name.endswith("_created")}
    assert own == {name: metric["kind"] for name, metric in contract.items()}


async def _get(url: str) -> str:
    import asyncio

    def read() -> str:
        with urllib.request.urlopen(url, timeout=5) as response:
            return str(response.read().decode())

    return await asyncio.to_thread(read)
