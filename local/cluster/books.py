"""The books of a shop that runs in a cluster with the development charts: where they are, and how to open them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from local import topology
from local.audit.target import IN_REDIS, WITH_BOOKS, WITH_LEDGER, Target
from local.cluster.forwarding import forwards
from local.cluster.kube import kubectl_output
from local.errors import LocalError

POSTGRES_PORT: Final = 5432
LEDGER_PORT: Final = 8080
NATS_PORT: Final = 4222
REDIS_PORT: Final = 6379


@contextmanager
def cluster_target(kubectl: Path, namespace: str) -> Iterator[Target]:
    """Databases, cart's Redis, ledgers and broker of the shop in `namespace`, reachable for as long as the context lasts.

    Works on the stores of the development charts. Where databases are managed ones, give the audit a file with
    their addresses instead (`--target`). LocalError when the namespace has no shop.
    """
    there = {each["metadata"]["name"] for each in _get(kubectl, namespace, "services")}
    databases = [name for name in WITH_BOOKS if f"{name}-postgres" in there]
    if not databases:
        raise LocalError(
            f"namespace {namespace!r} has no database of the development charts: is the shop installed there? "
            "With managed databases, describe them in a file and use --target"
        )
    secrets = {each["metadata"]["name"]: each.get("data", {}) for each in _get(kubectl, namespace, "secrets")}
    ledgers = [name for name in WITH_LEDGER if name in there]
    wanted = {f"{name}-postgres": POSTGRES_PORT for name in databases}
    wanted |= dict.fromkeys(ledgers, LEDGER_PORT)
    if "nats" in there:
        wanted["nats"] = NATS_PORT
    in_redis = [name for name in IN_REDIS if {name, "redis"} <= there]
    if in_redis:
        wanted["redis"] = REDIS_PORT
    with forwards(kubectl, namespace, wanted) as addresses:
        yield Target(
            name=f"namespace {namespace}",
            services=frozenset(there & {row.name for row in topology.SERVICES}),
            databases={
                name: _at(_url(secrets, namespace, f"{name}-database"), addresses[f"{name}-postgres"])
                for name in databases
            },
            redis={
                name: _at(_url(secrets, namespace, f"{name}-redis"), addresses["redis"]) for name in in_redis
            },
            ledgers={name: f"http://{addresses[name]}" for name in ledgers},
            nats=f"nats://{addresses['nats']}" if "nats" in there else "",
        )


@contextmanager
def database(kubectl: Path, namespace: str, service: str) -> Iterator[str]:
    """The address of one service's database in `namespace`, with the service's own role, for as long as the context lasts.

    Works on the stores of the development charts. LocalError when the namespace has no such database or secret.
    """
    store = f"{service}-postgres"
    if store not in {each["metadata"]["name"] for each in _get(kubectl, namespace, "services")}:
        raise LocalError(
            f"namespace {namespace!r} has no {store} of the development charts: is the shop installed there?"
        )
    secrets = {each["metadata"]["name"]: each.get("data", {}) for each in _get(kubectl, namespace, "secrets")}
    url = _url(secrets, namespace, f"{service}-database")
    with forwards(kubectl, namespace, {store: POSTGRES_PORT}) as addresses:
        yield _at(url, addresses[store])


def _url(secrets: dict[str, dict[str, str]], namespace: str, name: str) -> str:
    try:
        return base64.b64decode(secrets[name]["url"]).decode()
    except KeyError:
        raise LocalError(f"namespace {namespace!r} has no secret {name} with a key `url`") from None


def _at(url: str, address: str) -> str:
    """The same role and database, at another address."""
    parts = urlsplit(url)
    who = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{who}@{address}"))


def _get(kubectl: Path, namespace: str, what: str) -> list[dict[str, Any]]:
    listing = kubectl_output(kubectl, "-n", namespace, "get", what, "-o", "json")
    items: list[dict[str, Any]] = json.loads(listing)["items"]
    return items
