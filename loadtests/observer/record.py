"""What was seen, as plain data: a run can be kept, drawn and judged later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Replicas:
    """One service at one moment (seconds since 1970): how many it should have, and how many are ready."""

    at: float
    wanted: int
    ready: int


@dataclass(frozen=True, slots=True)
class Use:
    """Processor (cores) and memory (MiB) of all pods of a service at one moment."""

    at: float
    cores: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Signal:
    """One trigger: what it measures, over all replicas, and how much of it one replica may have."""

    query: str
    threshold: float
    server: str = ""
    """Where the query is asked; empty for a trigger that does not ask Prometheus."""
    points: Sequence[tuple[float, float]] = ()
    """(seconds since 1970, value); a moment without a value is left out."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the autoscaler did, in its own words."""

    at: float
    service: str
    text: str


@dataclass
class Watched:
    """One service during a run."""

    replicas: list[Replicas] = field(default_factory=list)
    use: list[Use] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    least: int = 1
    most: int = 1


@dataclass
class Record:
    """A run: every service, the decisions, and what locust told each second."""

    services: dict[str, Watched] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    seconds: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)
