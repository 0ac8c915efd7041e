"""What a record of a run says about each service."""

from __future__ import annotations

import pytest

from loadtests.observer.record import Record, Replicas, Signal, Watched
from loadtests.observer.verdict import above_s, judge, needed, turns


def run(*steps: tuple[float, int, int]) -> list[Replicas]:
    """(time, wanted, ready) each."""
    return [Replicas(at, wanted, ready) for at, wanted, ready in steps]


def watched(*steps: tuple[float, int, int], points: list[tuple[float, float]]) -> Watched:
    """A service of one to four replicas, each of which may have 10 of its signal."""
    return Watched(replicas=run(*steps), signals=[Signal("q", 10, "http://p", points)], least=1, most=4)


def test_a_service_that_grows_in_time() -> None:
    seen = watched(
        (0, 1, 1),
        (10, 1, 1),
        (16, 3, 1),
        (19, 3, 3),
        (60, 1, 1),
        points=[(0, 2), (10, 12), (20, 28), (50, 3)],
    )
    (verdict,) = judge(Record(services={"cart": seen}))
    assert (verdict.peak, verdict.overshoot, verdict.turns) == (3, 0, 1)
    assert (verdict.decided_s, verdict.serving_s) == (6, 3)
    assert verdict.above_s == 10
    assert verdict.replica_s == 10 + 6 + 3 * 3 + 41 * 3


def test_a_service_that_nothing_happens_to() -> None:
    (verdict,) = judge(Record(services={"cart": watched((0, 1, 1), (9, 1, 1), points=[(0, 1), (9, 2)])}))
    assert (verdict.peak, verdict.decided_s, verdict.serving_s) == (1, None, None)
    assert (verdict.above_s, verdict.overshoot, verdict.turns) == (0, 0, 0)


def test_more_replicas_than_the_signal_asked_for_are_an_overshoot() -> None:
    seen = watched((0, 1, 1), (5, 4, 4), points=[(0, 2), (5, 12)])
    (verdict,) = judge(Record(services={"cart": seen}))
    assert verdict.overshoot == 2


def test_a_signal_without_values_is_above_nothing() -> None:
    seen = watched((0, 1, 1), (5, 2, 2), points=[])
    assert (above_s(seen), needed(seen)) == (0, 1)


@pytest.mark.parametrize(
    ("wanted", "expected"), [((1, 2, 3), 0), ((1, 3, 1), 1), ((1, 3, 1, 3, 1), 3), ((2, 2, 2), 0)]
)
def test_turns_count_changes_of_direction(wanted: tuple[int, ...], expected: int) -> None:
    assert turns(run(*((float(at), count, count) for at, count in enumerate(wanted)))) == expected
