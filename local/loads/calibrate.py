"""How much one replica carries: steps of more and more people, until they are no longer served at their pace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from loadtests.observer.observer import Observer
from loadtests.observer.record import Watched
from local.errors import LocalError
from local.loads.locust import Run
from local.loads.places import Place
from local.loads.shapes import shape
from local.loads.told import Told

GROWTH: Final = 1.5
SHAPE_S: Final = 90.0
"""How long every signal shape is; a test compares."""
PACE: Final = 0.9
"""Of the first step's calls per person: served less, people wait for each other."""
FAILED: Final = 0.001
SWELLS: Final = 1.5
"""A signal that grows so much from the middle third of a step to its last is a queue that does not end."""
ENOUGH: Final = 6
"""Looks in a step, at least."""
RESERVE: Final = 0.7
"""Of the knee: the rest carries the load while another replica comes (see docs/scaling.md)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as it was in its second half."""

    people: float
    calls: float
    """Answered by the service each second."""
    p50_ms: float
    p99_ms: float
    """Of all requests, at the edge."""
    failed: float
    """Share of the requests of its second half: in the first second all people come at once."""
    signal: float
    cores: float
    swells: bool
    failures: str = ""
    """The most frequent failure, in locust's words."""

    @property
    def per_person(self) -> float:
        """Calls each second for one person."""
        return self.calls / self.people


def steps(
    place: Place, service: str, *, length_s: float, people: float, most: int, say: Callable[[str], None]
) -> Iterator[Step]:
    """Runs up to `most` steps of `length_s` seconds and gives each; ends with the first that was too much."""
    chosen = shape(f"signal-{service}")
    first: Step | None = None
    for number in range(most):
        factor = people * GROWTH**number
        say(f"step {number + 1}: {factor:.3g} × the people of {chosen.name}, {length_s:g} s")
        run = Run(
            shape=chosen,
            host=place.host,
            people=factor,
            stretch=length_s / SHAPE_S,
            max_fail_ratio=1,
            slack=0,
        )
        step = _step(place, service, factor, run)
        first = first or step
        yield step
        if too_much(step, first):
            return


def too_much(step: Step, first: Step) -> bool:
    """Whether a step was beyond the knee: people fell behind their pace, requests failed, or a queue grew."""
    return step.per_person < PACE * first.per_person or step.failed > FAILED or step.swells


def knee(found: Sequence[Step]) -> Step:
    """The last step that was not too much; LocalError when already the first was."""
    good = [step for step in found if not too_much(step, found[0])]
    if not good:
        raise LocalError("the first step was already too much: give fewer people with --people")
    return good[-1]


def threshold(at_the_knee: Step) -> float:
    """What one replica may have of its signal."""
    return RESERVE * at_the_knee.signal


def _step(place: Place, service: str, factor: float, run: Run) -> Step:
    if place.source is None:
        raise LocalError("calibration reads the service's own figures, which a --url does not give")
    with Observer(place.source()) as observer, place.running(run) as told:
        pass
    return measured(observer.finish().services[service], told, service, factor)


def measured(watched: Watched, told: Told, service: str, factor: float) -> Step:
    """A step from what was seen while locust ran; LocalError when too little was."""
    total = told.total
    begin, end = (told.seconds[0]["at"], told.seconds[-1]["at"]) if told.seconds else (0.0, 0.0)
    limit = watched.signals[0].threshold if watched.signals else 0.0
    values = [value for signal in watched.signals for at, value in signal.points if begin <= at <= end]
    traffic = [each for each in watched.traffic if begin <= each.at <= end]
    use = [each for each in watched.use if begin <= each.at <= end]
    if not total or min(len(values), len(traffic), len(use)) < ENOUGH:
        raise LocalError(f"too little of {service} was seen in this step: {' '.join(told.talk[-3:])}")
    if max(each.wanted for each in watched.replicas) != 1:
        raise LocalError(f"{service} has more than one replica: calibrate one alone, without autoscaling")
    third = len(values) // 3
    middle, last = median(values[third : 2 * third]), median(values[2 * third :])
    return Step(
        people=factor,
        calls=median(each.calls for each in traffic[len(traffic) // 2 :]),
        p50_ms=total["p50_ms"],
        p99_ms=total["p99_ms"],
        failed=_failed(told),
        signal=last,
        cores=median(each.cores for each in use[len(use) // 2 :]),
        failures=max(told.failures, key=lambda each: each["count"])["error"] if told.failures else "",
        swells=last > SWELLS * middle and last > limit / 2,
    )


def _failed(told: Told) -> float:
    middle, last = told.seconds[len(told.seconds) // 2], told.seconds[-1]
    return float((last["failures"] - middle["failures"]) / max(last["requests"] - middle["requests"], 1))
