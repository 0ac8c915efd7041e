"""Turns rows of the topology into processes that the supervisor can run."""

from __future__ import annotations

import sys

from local import topology
from local.builds import all as builds
from local.environment import inherited, service_environment
from local.home import Home
from local.options import Options
from local.paths import ROOT
from local.secrets import Secrets
from local.stores import nats, postgres, redis
from local.supervision.probes import http_ok
from local.supervision.spec import ProcessSpec
from local.topology import ServiceRow, StandInRow, Store, address, ports, process_name

STAND_IN_TIER = 1
FIRST_SERVICE_TIER = 2
SERVICE_GRACE_S = 13.0
"""A service drains for at most 10 s (`<SERVICE>_DRAIN_GRACE_S`), then closes what it holds."""

BACKGROUND_NICENESS = 5
"""A third of the weight of what people wait for: mails come later under a rush, but they come."""


def depth(row: ServiceRow) -> int:
    """0 for a service that calls none, else one more than the deepest it calls."""
    return max((depth(topology.service(name)) + 1 for name in row.upstreams), default=0)


def store_spec(name: Store, home: Home, secrets: Secrets, base: int) -> ProcessSpec:
    """One store's process."""
    if name == "postgres":
        return postgres.spec(home, secrets, base)
    if name == "nats":
        return nats.spec(home, base)
    return redis.spec(home, secrets, base)


def stand_in_spec(row: StandInRow, home: Home, base: int) -> ProcessSpec:
    """One stand-in's process, with its books in the home."""
    folder = home.data / row.name
    folder.mkdir(parents=True, exist_ok=True)
    addresses = {name: address(row.name, name, base) for name in row.ports}
    listen = ("--listen", addresses["http"], "--data", str(folder))
    smtp = ("--smtp", addresses["smtp"]) if "smtp" in addresses else ()
    return ProcessSpec(
        name=row.name,
        kind="stand-in",
        command=(sys.executable, "-P", "-m", f"local.standins.{row.module}", *listen, *smtp),
        environment=inherited(row.name.upper().replace("-", "_")) | {"PYTHONUNBUFFERED": "1"},
        directory=ROOT,
        probe=http_ok(addresses["http"], "/healthz"),
        language="python",
        store="sqlite",
        addresses=addresses,
        stop_grace_s=5.0,
        tier=STAND_IN_TIER,
        niceness=BACKGROUND_NICENESS if row.background else 0,
    )


def service_spec(
    row: ServiceRow, replica: int, options: Options, home: Home, secrets: Secrets
) -> ProcessSpec:
    """One replica of a service; it must have been built."""
    base = options.port_base
    numbers = ports(row.name, replica, base)
    return ProcessSpec(
        name=process_name(row.name, replica),
        kind="service",
        command=builds.command(row),
        environment=service_environment(row, replica, options, home, secrets),
        directory=ROOT / "services" / row.name,
        probe=http_ok(address(row.name, "admin", base, replica), "/readyz"),
        group=row.name,
        language=row.language,
        store=row.data_store,
        addresses={name: address(row.name, name, base, replica) for name in numbers},
        stop_grace_s=SERVICE_GRACE_S,
        tier=FIRST_SERVICE_TIER + depth(row),
        niceness=BACKGROUND_NICENESS if row.background else 0,
    )
