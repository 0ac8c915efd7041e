"""One service as it is at this moment, in words short enough for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from loadtests.observer.record import Signal, Watched


@dataclass(frozen=True, slots=True)
class Now:
    """Cells; `-` stands for what is not known."""

    service: str
    replicas: str
    """Ready ones, and after a stroke those wanted, when that is another number."""
    signal: str
    may_be: str
    """What the ready replicas may have of the signal."""
    calls: str
    errors: str
    p50_ms: str
    p99_ms: str
    cores: str
    mib: str

    def cells(self) -> list[str]:
        """In the order of `COLUMNS`."""
        return [str(getattr(self, each.name)) for each in fields(self)]


COLUMNS: Final = {
    "service": "service",
    "replicas": "replicas",
    "signal": "signal",
    "may_be": "may be",
    "calls": "calls/s",
    "errors": "errors/s",
    "p50_ms": "P50 ms",
    "p99_ms": "P99 ms",
    "cores": "cores",
    "mib": "MiB",
}
"""Field of Now → title."""


def now(name: str, watched: Watched) -> Now:
    """The latest of everything that was seen of it."""
    signal, limit = busiest(watched)
    replicas = "-"
    if watched.replicas:
        last = watched.replicas[-1]
        replicas = f"{last.ready}" if last.ready == last.wanted else f"{last.ready}/{last.wanted}"
    rates: Sequence[float | None] = (None,) * 4
    if watched.traffic:
        traffic = watched.traffic[-1]
        rates = (traffic.calls, traffic.errors, traffic.p50_ms, traffic.p99_ms)
    use: Sequence[float | None] = (None, None)
    if watched.use:
        use = (watched.use[-1].cores, watched.use[-1].memory_mib)
    return Now(name, replicas, *map(short, (signal, limit, *rates, *use)))


def busiest(watched: Watched) -> tuple[float | None, float | None]:
    """The latest value of the trigger that asks for most, and what the ready replicas may have of it."""
    ready = max(watched.replicas[-1].ready if watched.replicas else 0, 1)
    known = [(each.points[-1][1], each.threshold * ready) for each in watched.signals if each.points]
    if not known:
        return None, _first(watched.signals, ready)
    return max(known, key=lambda pair: pair[0] / pair[1])


def _first(signals: Sequence[Signal], ready: int) -> float | None:
    return signals[0].threshold * ready if signals else None


def short(value: float | None) -> str:
    """Three digits, or all of a whole number."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
