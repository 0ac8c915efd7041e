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
class Traffic:
    """What a service answered at one moment, all its replicas together: each second, and times in milliseconds."""

    at: float
    calls: float
    errors: float
    p50_ms: float | None = None
    p99_ms: float | None = None


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
    traffic: list[Traffic] = field(default_factory=list)
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

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Record:
        """What `as_json` gave; KeyError or TypeError for something else."""
        services = {
            name: Watched(
                [Replicas(**each) for each in row["replicas"]],
                [Use(**each) for each in row["use"]],
                [Signal(**each) for each in row["signals"]],
                [Traffic(**each) for each in row["traffic"]],
                row["least"],
                row["most"],
            )
            for name, row in document["services"].items()
        }
        decisions = [Decision(**each) for each in document["decisions"]]
        return cls(services, decisions, document["seconds"], document["entries"], document["failures"])
