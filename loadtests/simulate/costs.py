"""What one order costs each part of the mesh, from a bench's figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]
US: Final = 1e-6
NOT_OURS: Final = frozenset({"load generator", "payment-provider", "carrier", "mail", "sinks"})
"""Parts that a real shop has outside, or not at all."""
ONLY: Final = {
    "product_reads_32": {"gateway", "product", "postgres/product"},
    "logins_4": {"gateway", "user", "postgres/user"},
}
"""Who has to do with a load. What others did meanwhile was left over from the one before."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What people do beside each order."""

    reads: float = 20.0
    """Products looked at."""
    logins: float = 0.3


@dataclass(frozen=True, slots=True)
class Costs:
    """For one order and what belongs to it, by part: a service, `postgres/<database>`, `nats`, `redis`."""

    mix: Mix
    cores: Mapping[str, float]
    """Seconds of one core."""
    held: Mapping[str, float]
    """Seconds in which a database connection is held."""
    order_s: float
    """From the request to its answer, nobody else being there."""
    hot_per_s: float
    """Reservations of one single product each second, at most."""


def costs(bench: Json, mix: Mix) -> Costs:
    """From `./banyan bench --json`; KeyError for another document.

    Processor time is that of a busy mesh, where batches fill; connections are held as long as on an idle one, where nobody
    waits for a processor.
    """
    used = {"orders_16": 1.0, "product_reads_32": mix.reads, "logins_4": mix.logins}
    held = {"orders_1": 1.0, "product_reads_32": mix.reads, "logins_4": mix.logins}
    return Costs(
        mix=mix,
        cores={
            name: seconds
            for name, seconds in _sum(bench, used, "cpu_us_per_request").items()
            if name not in NOT_OURS and name != "postgres"
        },
        held=_sum(bench, held, "held_us_per_request"),
        order_s=bench["orders_1"]["p50_ms"] / 1000,
        hot_per_s=bench["reserve_hot_32"]["per_second"],
    )


def _sum(bench: Json, loads: Mapping[str, float], key: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for load, times in loads.items():
        for name, cost in bench[load][key].items():
            if name in ONLY.get(load, {name}):
                found[name] = found.get(name, 0.0) + times * cost * US
    return found
