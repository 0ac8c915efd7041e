"""The books of a shop in a cluster: which Services are forwarded, and with whose credentials they are opened."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from local import cli
from local.audit.books.cart import CartBook
from local.cluster.books import cluster_target
from local.errors import LocalError
from local.paths import ROOT

Database = Callable[[str], str]
RIGHTS = ["+@all", "-@admin", "-@dangerous"]
ORDER = "01958f5e-6a00-7000-8000-000000000005"


def moved(url: str) -> str:
    """A store's address as the secret of a namespace has it: the host is the Service's."""
    parts = urlsplit(url)
    who = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{who}@service.example:1").geturl()


@pytest.fixture
def kubectl(tmp_path: Path) -> Callable[[dict[str, tuple[str, str]]], Path]:
    """A kubectl for a namespace with these Services; each has its secret's name and what really listens there."""

    def made(stores: dict[str, tuple[str, str]]) -> Path:
        services = {"items": [{"metadata": {"name": name}} for name in (*stores, "order", "cart")]}
        secrets = {
            "items": [
                {
                    "metadata": {"name": secret},
                    "data": {"url": base64.b64encode(moved(url).encode()).decode()},
                }
                for secret, url in stores.values()
            ]
        }
        for name, document in (("services", services), ("secrets", secrets)):
            (tmp_path / f"{name}.json").write_text(json.dumps(document))
        forwarded = "\n".join(
            f'*"-n shop port-forward service/{name} "*) '
            f'echo "Forwarding from {urlsplit(url).hostname}:{urlsplit(url).port} -> 1"; exec sleep 60;;'
            for name, (_, url) in stores.items()
        )
        file = tmp_path / "kubectl"
        file.write_text(
            f'#!/bin/sh\ncase "$*" in\n*version*) echo "Client Version: v1.31.0";;\n'
            f'"-n shop get services "*) cat {tmp_path}/services.json;;\n'
            f'"-n shop get secrets "*) cat {tmp_path}/secrets.json;;\n{forwarded}\n*) echo \'{{"items": []}}\';;\nesac\n'
        )
        file.chmod(0o755)
        return file

    return made


def test_orders_are_looked_for_in_a_namespace(
    database: Database,
    kubectl: Callable[[dict[str, tuple[str, str]]], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kubectl({"order-postgres": ("order-database", database(str(ROOT / "services/order")))})
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert cli.main(["orders", "stuck", "--namespace", "shop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stuck": []}
    assert cli.main(["orders", "resume", ORDER, "--namespace", "shop", "--yes"]) == 1
    assert f"there is no order {ORDER}" in capsys.readouterr().err
    assert cli.main(["orders", "stuck", "--namespace", "elsewhere"]) == 2
    assert "namespace 'elsewhere' has no order-postgres" in capsys.readouterr().err


async def test_carts_books_are_reached_with_carts_own_credentials(
    database: Database, redis_server: str, kubectl: Callable[[dict[str, tuple[str, str]]], Path]
) -> None:
    where = redis_server.removeprefix("redis://")
    async with Redis.from_url(redis_server) as redis:  # as images/redis/start.sh makes the user
        await redis.acl_setuser("cart", enabled=True, passwords="+secret", keys="*", categories=RIGHTS)
    order, url = database(str(ROOT / "services/order")), f"redis://cart:secret@{where}"
    program = kubectl({"order-postgres": ("order-database", order), "redis": ("cart-redis", url)})
    with cluster_target(program, "shop") as target:
        assert target.databases == {"order": order}
        assert (target.redis, "cart" in target.unread) == ({"cart": url}, False)
        async with Redis.from_url(redis_server) as redis, CartBook(target.redis["cart"]) as cart:
            await redis.set("cart:settled:e1", "1")
            assert await cart.settled() == {"e1"}


def test_a_secret_that_is_missing_is_named(
    database: Database, redis_server: str, kubectl: Callable[[dict[str, tuple[str, str]]], Path]
) -> None:
    order = database(str(ROOT / "services/order"))
    program = kubectl({"order-postgres": ("order-database", order), "redis": ("another", redis_server)})
    with (
        pytest.raises(LocalError, match="no secret cart-redis with a key `url`"),
        cluster_target(program, "shop"),
    ):
        raise AssertionError("it was opened")
