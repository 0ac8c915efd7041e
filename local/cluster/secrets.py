"""The secrets of a shop for development: random, made once, never overwritten."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from local import topology
from local.cluster.kube import kubectl_output
from local.errors import LocalError
from local.seeding.people import staff_from_environment

REDIS_DATABASES: Final = {"cart": 0, "gateway": 1}
Data = dict[str, str]


def wanted() -> dict[str, Data]:
    """Every secret with fresh values. Passwords are letters and digits, so they fit into an address."""
    found: dict[str, Data] = {}
    for row in topology.SERVICES:
        if "postgres" in row.stores:
            found[f"{row.name}-database"] = _database(row.name)
        if "redis" in row.stores:
            found[f"{row.name}-redis"] = _redis(row.name)
    found["order-token"] = {"key": secrets.token_hex(32)}
    staff = staff_from_environment()
    found["staff"] = {"email": staff.email, "password": staff.password}
    return found


def _database(name: str) -> Data:
    password = secrets.token_hex(16)
    url = f"postgres://{name}:{password}@{name}-postgres:5432/{name}"
    return {"username": name, "password": password, "database": name, "url": url}


def _redis(name: str) -> Data:
    password = secrets.token_hex(16)
    url = f"redis://{name}:{password}@redis:6379/{REDIS_DATABASES[name]}"
    return {"username": name, "password": password, "url": url}


def manifest(name: str, data: Data) -> dict[str, Any]:
    """A Secret as Kubernetes takes it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "banyan"}},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def as_list(found: dict[str, Data]) -> str:
    """All of them in one document."""
    items = [manifest(name, data) for name, data in found.items()]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def make(kubectl: Path, namespace: str, renew: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """Makes what is missing in the namespace, and anew what is named; (made, kept).

    LocalError when the namespace is not there, or when a name to renew is no secret of the shop.
    """
    all_of_them = wanted()
    renewed = set(renew)
    for name in renewed - set(all_of_them):
        raise topology.unknown_name("secret", name, all_of_them)
    there = existing(kubectl, namespace)
    made = {name: data for name, data in all_of_them.items() if name not in there or name in renewed}
    if made:
        kubectl_output(kubectl, "-n", namespace, "apply", "-f", "-", stdin=as_list(made))
    return list(made), [name for name in all_of_them if name not in made]


def existing(kubectl: Path, namespace: str) -> set[str]:
    """Names of the secrets of the namespace; LocalError when there is no such namespace."""
    listing = kubectl_output(kubectl, "get", "namespace", namespace, "--ignore-not-found", "-o", "name")
    if not listing.strip():
        raise LocalError(
            f"the cluster has no namespace {namespace!r}: `kubectl apply -k k8s/base` makes `banyan`, or "
            f"`kubectl create namespace {namespace}`"
        )
    words = ("-n", namespace, "get", "secrets", "-o", "jsonpath={.items[*].metadata.name}")
    return set(kubectl_output(kubectl, *words).split())


def staff_of(kubectl: Path, namespace: str) -> tuple[str, str]:
    """Email and password of the member of staff; LocalError when the namespace has no such secret."""
    listing = kubectl_output(kubectl, "-n", namespace, "get", "secret", "staff", "-o", "json")
    data = json.loads(listing)["data"]
    return base64.b64decode(data["email"]).decode(), base64.b64decode(data["password"]).decode()
