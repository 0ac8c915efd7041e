"""The one table of everything that runs: stores, stand-ins, services, who calls whom, and on which ports."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from local.errors import LocalError

Kind = Literal["store", "stand-in", "service", "chaos"]
Language = Literal["python", "go", "java", "typescript"]
Store = Literal["postgres", "redis", "nats"]

HOST = "127.0.0.1"
DEFAULT_PORT_BASE = 8000
GATEWAY_HTTP_OFFSET = 80
"""The gateway's public port: base + 80, the next replicas above it."""
FIRST_SERVICE_OFFSET = 120
SERVICE_BLOCK = 20
"""Ports for each service: a gRPC and an admin port for each of at most ten replicas."""
MAX_REPLICAS = SERVICE_BLOCK // 2
PROXY = "toxiproxy"
"""Stands between every two when links can be made faulty; its own interface is at base + 300, each link above it."""
PROXY_OFFSET = 300
PORT_SPAN = 500
"""A copy uses base + 80 … base + 499; port bases of two copies must lie at least this far apart."""


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A database or broker and its ports as offsets from the port base."""

    name: Store
    ports: dict[str, int]


@dataclass(frozen=True, slots=True)
class StandInRow:
    """Stands in for something outside the shop; the service `used_by` finds it in its variable `env`."""

    name: str
    module: str
    ports: dict[str, int]
    used_by: str
    env: str
    """Gets `http://host:port` when it ends in _URL, else `host:port` of the `smtp` port."""
    background: bool = False
    """As for a service: true when only background work calls it."""


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service of the shop."""

    name: str
    language: Language
    stores: tuple[Store, ...]
    """The first one holds its data."""
    upstreams: tuple[str, ...] = ()
    background: bool = False
    """No order waits for it: it stands back (`specs.BACKGROUND_NICENESS`) while others want the processor."""

    @property
    def prefix(self) -> str:
        """What its environment variables begin with."""
        return self.name.upper()

    @property
    def data_store(self) -> Store:
        """Where its own data lies."""
        return self.stores[0]


STORES: tuple[StoreRow, ...] = (
    StoreRow("postgres", {"sql": 100}),
    StoreRow("nats", {"nats": 101, "monitor": 102}),
    StoreRow("redis", {"redis": 103}),
)

STAND_INS: tuple[StandInRow, ...] = (
    StandInRow("payment-provider", "payment_provider", {"http": 110}, "payment", "PAYMENT_PROVIDER_URL"),
    StandInRow("carrier", "carrier", {"http": 111}, "shipping", "CARRIER_URL", background=True),
    StandInRow("mail", "mail", {"http": 112, "smtp": 113}, "notification", "MAIL_SMTP_ADDR", background=True),
    StandInRow("sinks", "sinks", {"http": 114}, "notification", "SINKS_URL", background=True),
)

SERVICES: tuple[ServiceRow, ...] = (
    ServiceRow("user", "python", ("postgres", "nats")),
    ServiceRow("product", "python", ("postgres", "nats")),
    ServiceRow("cart", "go", ("redis", "nats")),
    ServiceRow("inventory", "python", ("postgres", "nats")),
    ServiceRow("payment", "java", ("postgres", "nats")),
    ServiceRow("shipping", "python", ("postgres", "nats")),
    ServiceRow("notification", "typescript", ("postgres", "nats"), background=True),
    ServiceRow(
        "order", "python", ("postgres", "nats"), ("cart", "product", "inventory", "payment", "shipping")
    ),
    ServiceRow(
        "gateway",
        "python",
        ("redis",),
        ("user", "product", "cart", "inventory", "order", "payment", "shipping", "notification"),
    ),
)

MAIN_PORT: Final[Mapping[Store, str]] = {"postgres": "sql", "nats": "nats", "redis": "redis"}
"""The port of each store that services connect to."""

_SERVICES = {row.name: row for row in SERVICES}
_STORES = {row.name: row for row in STORES}
_STAND_INS = {row.name: row for row in STAND_INS}


def service(name: str) -> ServiceRow:
    """The row of a service; LocalError with the nearest name when there is none."""
    if name not in _SERVICES:
        raise unknown_name("service", name, _SERVICES)
    return _SERVICES[name]


def all_names() -> list[str]:
    """Every name that can be started or stopped: stores, stand-ins, the proxy of faulty links, services."""
    return [*_STORES, *_STAND_INS, PROXY, *_SERVICES]


def unknown_name(what: str, name: str, known: Iterable[str]) -> LocalError:
    """The sentence for a name that is in no table, with the nearest one that is."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    return LocalError(f"no {what} is called {name!r}: {hint}")


def callers(name: str) -> list[str]:
    """Services that call `name`, in table order."""
    return [row.name for row in SERVICES if name in row.upstreams]


def closure(names: Iterable[str]) -> list[str]:
    """The services named and all they call, directly or not, callees before callers."""
    wanted: set[str] = set()
    pending = [service(name).name for name in names]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(_SERVICES[name].upstreams)
    return [row.name for row in SERVICES if row.name in wanted]


def stores_of(services: Iterable[str]) -> list[Store]:
    """The stores those services need, in table order."""
    needed = {store for name in services for store in _SERVICES[name].stores}
    return [row.name for row in STORES if row.name in needed]


def stand_ins_of(services: Iterable[str]) -> list[str]:
    """The stand-ins those services call, in table order."""
    names = set(services)
    return [row.name for row in STAND_INS if row.used_by in names]


def process_name(service_name: str, replica: int) -> str:
    """`product` for the first replica (0), then `product-2`, `product-3`."""
    return service_name if replica == 0 else f"{service_name}-{replica + 1}"


def split_name(name: str) -> tuple[str, int | None]:
    """The table row and the replica a NAME means. None is all replicas; `product-1` is number 0."""
    if name in all_names():
        return name, None
    stem, _, number = name.rpartition("-")
    if stem in _SERVICES and number.isdigit() and 1 <= int(number) <= MAX_REPLICAS:
        return stem, int(number) - 1
    raise unknown_name("process", name, all_names())


def ports(name: str, replica: int, base: int) -> dict[str, int]:
    """Port name → port of one process. A service has `grpc` and `admin`, the gateway `http` and `admin`."""
    if name == PROXY:
        return {"http": base + PROXY_OFFSET}
    fixed = _STORES[name].ports if name in _STORES else _STAND_INS[name].ports if name in _STAND_INS else None
    if fixed is not None:
        return {key: base + offset for key, offset in fixed.items()}
    first = base + FIRST_SERVICE_OFFSET + SERVICE_BLOCK * list(_SERVICES).index(name) + 2 * replica
    if name == "gateway":
        return {"http": base + GATEWAY_HTTP_OFFSET + replica, "admin": first + 1}
    return {"grpc": first, "admin": first + 1}


def address(name: str, port: str, base: int, replica: int = 0) -> str:
    """`127.0.0.1:port` of one port of one process."""
    return f"{HOST}:{ports(name, replica, base)[port]}"


def targets(name: str, replicas: int, base: int) -> str:
    """What a caller gets as `<NAME>_ADDR`: every replica, comma separated."""
    return ",".join(address(name, "grpc", base, replica) for replica in range(replicas))
