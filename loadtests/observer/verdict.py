"""What a run says about the scaling of each service, in figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadtests.observer.record import Record, Replicas, Watched


@dataclass(frozen=True, slots=True)
class Verdict:
    """One service. Times in seconds; None where it never came to that."""

    service: str
    peak: int
    decided_s: float | None
    """From the moment when the signal was above its threshold until more replicas were wanted."""
    serving_s: float | None
    """From then until the first of them was ready."""
    above_s: float
    """How long the signal was above the threshold of the replicas that were ready."""
    overshoot: int
    """Replicas beyond what the highest signal asked for."""
    turns: int
    """How often the wanted number changed its direction."""
    replica_s: float
    """Replicas × time: what the service has cost."""


def judge(record: Record) -> list[Verdict]:
    """One verdict for each service, in the record's order."""
    return [_one(name, watched) for name, watched in record.services.items()]


def _one(name: str, watched: Watched) -> Verdict:
    replicas = watched.replicas
    start = replicas[0].wanted if replicas else 0
    peak = max((each.wanted for each in replicas), default=0)
    decided = reached(replicas, start + 1)
    serving = reached(replicas, start + 1, ready=True)
    crossing = crossed(watched, max(start, 1))
    return Verdict(
        name,
        peak,
        _between(crossing, decided),
        _between(decided, serving),
        above_s(watched),
        max(peak - needed(watched), 0) if peak > start else 0,
        turns(replicas),
        round(sum(a.wanted * (b.at - a.at) for a, b in pairwise(replicas)), 1),
    )


def reached(replicas: Sequence[Replicas], count: int, *, ready: bool = False) -> float | None:
    """When so many were wanted, or ready, for the first time; None when never."""
    return next((each.at for each in replicas if (each.ready if ready else each.wanted) >= count), None)


def crossed(watched: Watched, replicas: int = 1) -> float | None:
    """When one of its signals was first above what so many replicas may have; None when never."""
    moments = [
        at for signal in watched.signals for at, value in signal.points if value > signal.threshold * replicas
    ]
    return min(moments, default=None)


def needed(watched: Watched) -> int:
    """Replicas that the highest value of its signals asks for, within its bounds."""
    wanted = [
        math.ceil(max(value for _, value in signal.points) / signal.threshold)
        for signal in watched.signals
        if signal.points
    ]
    return min(max([watched.least, *wanted]), watched.most)


def above_s(watched: Watched) -> float:
    """Seconds in which a signal was above the threshold × the replicas that were ready."""
    found = 0.0
    for signal in watched.signals:
        steps = iter(watched.replicas)
        ready, following = watched.least, next(steps, None)
        over = 0.0
        for (at, value), (until, _) in pairwise(signal.points):
            while following is not None and following.at <= at:
                ready, following = following.ready, next(steps, None)
            if value > signal.threshold * max(ready, 1):
                over += until - at
        found = max(found, over)
    return round(found, 1)


def turns(replicas: Sequence[Replicas]) -> int:
    """How often the wanted number changed its direction: up and down again is one."""
    steps = [b.wanted - a.wanted for a, b in pairwise(replicas) if a.wanted != b.wanted]
    return sum((a > 0) != (b > 0) for a, b in pairwise(steps))


def _between(begin: float | None, end: float | None) -> float | None:
    return round(end - begin, 1) if begin is not None and end is not None else None
