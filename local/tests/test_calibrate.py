"""Where the knee is, and what follows from it."""

from __future__ import annotations

import pytest

from loadtests.observer.record import Replicas, Signal, Traffic, Use, Watched
from local.errors import LocalError
from local.loads.calibrate import RESERVE, SHAPE_S, Step, knee, measured, threshold, too_much
from local.loads.shapes import shapes
from local.loads.told import Told


def step(
    people: float, calls: float, *, failed: float = 0.0, signal: float = 1.0, swells: bool = False
) -> Step:
    return Step(people, calls, 5, 20, failed, signal, 0.3, swells)


def told(seconds: int, failures: int = 0) -> Told:
    """A run from second 0 on."""
    total = {"name": "Aggregated", "requests": 1000, "failures": failures, "p50_ms": 4, "p99_ms": 9}
    lines = [{"at": float(at), "requests": 40 * at, "failures": 0} for at in range(seconds)]
    return Told(seconds=lines, entries=[total])


def watched(signal: list[float], replicas: int = 1) -> Watched:
    """Looked at each second, from ten seconds before the run."""
    moments = [float(at) for at in range(-10, len(signal) - 10)]
    return Watched(
        replicas=[Replicas(at, replicas, replicas) for at in moments],
        use=[Use(at, 0.4, 80) for at in moments],
        signals=[Signal("q", 10, points=list(zip(moments, signal, strict=True)))],
        traffic=[Traffic(at, 100.0 if at >= 0 else 0.0, 0.0) for at in moments],
    )


def test_the_knee_is_the_last_step_in_which_people_kept_their_pace() -> None:
    found = [step(1, 50), step(1.5, 75), step(2.25, 110, signal=7), step(3.4, 120)]
    assert knee(found) is found[2]
    assert threshold(found[2]) == pytest.approx(RESERVE * 7)


@pytest.mark.parametrize("worse", [step(2, 80), step(2, 100, failed=0.01), step(2, 100, swells=True)])
def test_lost_pace_failures_and_queues_that_do_not_end_are_too_much(worse: Step) -> None:
    assert too_much(worse, step(1, 50))
    assert not too_much(step(2, 95), step(1, 50))


def test_a_first_step_that_is_too_much_gives_nothing() -> None:
    with pytest.raises(LocalError, match="--people"):
        knee([step(1, 50, failed=0.5)])


def test_a_step_is_read_from_when_locust_ran() -> None:
    found = measured(watched([0.0] * 10 + [6.0] * 30), told(30), "cart", 2.0)
    assert (found.calls, found.signal, found.cores, found.swells) == (100, 6, 0.4, False)
    assert found.per_person == 50


def test_failures_count_once_everybody_is_there() -> None:
    run = told(30)
    for line in run.seconds[1:]:
        line["failures"] = 20
    seen = watched([1.0] * 40)
    assert measured(seen, run, "cart", 1.0).failed == 0
    run.seconds[-1]["failures"] = 26
    assert measured(seen, run, "cart", 1.0).failed == pytest.approx(6 / (14 * 40))


def test_a_growing_queue_swells() -> None:
    growing = [0.0] * 10 + [float(at) for at in range(30)]
    assert measured(watched(growing), told(30), "cart", 1.0).swells
    small = [value / 100 for value in growing]
    assert not measured(watched(small), told(30), "cart", 1.0).swells, "far below its threshold"


def test_more_replicas_than_one_and_a_silent_service_are_refused() -> None:
    with pytest.raises(LocalError, match="more than one replica"):
        measured(watched([1.0] * 40, replicas=2), told(30), "cart", 1.0)
    with pytest.raises(LocalError, match="too little"):
        measured(watched([1.0] * 12), told(2), "cart", 1.0)


def test_signal_shapes_are_as_long_as_calibration_takes_them_to_be() -> None:
    found = [each.file.read_text() for name, each in shapes().items() if name.startswith("signal-")]
    assert len(found) == 9
    assert all(f"stages = (Stage({SHAPE_S:g}, " in text for text in found)
