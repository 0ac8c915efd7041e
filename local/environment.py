"""The environment of each service: what docs and charts call its settings, filled in for this machine."""

from __future__ import annotations

import os
from pathlib import Path

from local import topology
from local.home import Home
from local.links.table import through_links
from local.options import Options
from local.paths import ROOT
from local.secrets import Secrets
from local.stores import nats, postgres, redis, roles
from local.topology import HOST, ServiceRow

PASSED_ON = ("HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "BANYAN_CLOCK_OFFSET_S", "BANYAN_ENVIRONMENT")
BY_LANGUAGE = {
    "python": {
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        "GRPC_ENABLE_FORK_SUPPORT": "0",
        "GRPC_VERBOSITY": "NONE",  # its own lines are no JSON; what matters comes back as a status
    },
    "go": {"GOMEMLIMIT": "96MiB"},
    "java": {"MALLOC_ARENA_MAX": "2"},
    "typescript": {"NODE_OPTIONS": "--max-old-space-size=128"},
}


def inherited(prefix: str) -> dict[str, str]:
    """What a process takes from ours: the usual, OTEL_*, and its own settings, so that they can be overridden by hand."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON
        or name.startswith(("LC_", "OTEL_"))
        or (prefix and name.startswith(f"{prefix}_"))
    }
    return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"} | kept


def service_environment(
    row: ServiceRow, replica: int, options: Options, home: Home, secrets: Secrets
) -> dict[str, str]:
    """Everything one replica is told. Words set by hand (`ORDER_LOG_LEVEL=debug ./banyan up`) win."""
    base, prefix = options.port_base, row.prefix
    values = dict(BY_LANGUAGE[row.language])
    for name, port in topology.ports(row.name, replica, base).items():
        values[f"{prefix}_{name.upper()}_LISTEN"] = f"{HOST}:{port}"
    values["NATS_URL"] = nats.url(base)
    values["BANYAN_SERVICE_CONFIG_FILE"] = str(ROOT / "protos" / "config" / "service_config.json")
    if "postgres" in row.stores:
        password = roles.role_password(secrets, row.name)
        values[f"{prefix}_DATABASE_URL"] = postgres.url(row.name, password, row.name, base)
    if "redis" in row.stores:
        values[f"{prefix}_REDIS_URL"] = redis.url(row.name, secrets, base)
    for upstream in row.upstreams:
        values[f"{upstream.upper()}_ADDR"] = topology.targets(upstream, options.replicas_of(upstream), base)
    for stand_in in topology.STAND_INS:
        if stand_in.used_by == row.name:
            values[stand_in.env] = stand_in_address(stand_in, base)
    if options.faulty_links:
        values = {name: through_links(value, row.name, options) for name, value in values.items()}
    if row.name == "user" and os.environ.get("BANYAN_JWT_SIGNING_KEY_FILE"):
        values["BANYAN_JWT_SIGNING_KEY_FILE"] = str(Path(os.environ["BANYAN_JWT_SIGNING_KEY_FILE"]).resolve())
    return values | inherited(prefix) | protected(values, prefix)


def protected(values: dict[str, str], prefix: str) -> dict[str, str]:
    """Addresses and connections are the runtime's own business: not even a variable set by hand changes them."""
    ends = ("_LISTEN", "_DATABASE_URL", "_REDIS_URL", "_ADDR", "_URL")
    return {name: value for name, value in values.items() if name.endswith(ends)}


def stand_in_address(row: topology.StandInRow, base: int) -> str:
    """A URL, or host:port for SMTP, as the variable's name says."""
    if row.env.endswith("_URL"):
        return f"http://{topology.address(row.name, 'http', base)}"
    return topology.address(row.name, "smtp", base)
