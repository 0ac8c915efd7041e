"""The schedule of a chaos run: repeatable, complete, and never more at once than it says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from local import topology
from local.chaos import plan as planning
from local.chaos.kinds import KINDS, Field, Strike, chosen, group, touched, without_targets
from local.chaos.plan import plan
from local.errors import LocalError
from local.links.table import links
from local.options import make

OPTIONS = make([], ["all=2"], 9000, faulty_links=True)
REPLICAS = [f"{row.name}-{number}" for row in topology.SERVICES for number in (1, 2)]
OTHERS = [row.name for row in topology.STORES] + [row.name for row in topology.STAND_INS]
FIELD = Field(processes=[*REPLICAS, *OTHERS], links=[link.name for link in links(OPTIONS)])
LONG_S, SHORT_S = 1800.0, 150.0


def end(strike: Strike) -> float:
    return strike.at_s + strike.lasts_s


def test_a_seed_gives_one_plan_and_another_seed_another() -> None:
    assert plan(7, LONG_S, KINDS, FIELD) == plan(7, LONG_S, KINDS, FIELD)
    assert plan(7, LONG_S, KINDS, FIELD) != plan(8, LONG_S, KINDS, FIELD)


@pytest.mark.parametrize("seed", range(5))
def test_half_an_hour_holds_two_hundred_faults_and_kills_everything(seed: int) -> None:
    strikes = plan(seed, LONG_S, KINDS, FIELD)
    assert len(strikes) >= 200
    for kind in ("kill", "freeze", "restart"):
        struck = {each.target for each in strikes if each.kind == kind}
        assert len(struck) >= 0.8 * len(FIELD.processes), kind


@pytest.mark.parametrize("seed", range(20))
def test_a_short_run_has_every_kind(seed: int) -> None:
    assert {each.kind for each in plan(seed, SHORT_S, KINDS, FIELD)} == {kind.name for kind in KINDS}


def test_everything_outside_fails_by_itself() -> None:
    outside = {row.name for row in topology.STAND_INS}
    for name in ("outside-slow", "outside-errors"):
        (kind,) = chosen([name])
        assert set(kind.targets(FIELD)) == outside


@pytest.mark.parametrize("seed", range(10))
def test_faults_overlap_in_pairs_at_most_and_never_on_the_same_service(seed: int) -> None:
    strikes = plan(seed, LONG_S, KINDS, FIELD)
    for each in strikes:
        beside = [other for other in strikes if other is not each and other.at_s <= each.at_s < end(other)]
        assert len(beside) < planning.AT_ONCE
        assert all(not other.touches & each.touches for other in beside)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_to_be_alone_is_alone_and_leaves_time_to_recover(seed: int) -> None:
    strikes = plan(seed, LONG_S, KINDS, FIELD)
    assert any(each.alone for each in strikes)
    for before, after in pairwise(strikes):
        if before.alone:
            assert after.at_s >= end(before) + planning.calm_s(before.target) - 0.1
        if after.alone:
            assert after.at_s >= end(before) + planning.BEFORE_ALONE_S - 0.1


@pytest.mark.parametrize("seconds", [30.0, 97.5, SHORT_S])
def test_every_fault_ends_within_the_run(seconds: float) -> None:
    strikes = plan(1, seconds, KINDS, FIELD)
    assert strikes
    assert max(end(each) for each in strikes) <= seconds
    assert [each.number for each in strikes] == list(range(1, len(strikes) + 1))


def test_kinds_can_be_chosen_and_unknown_ones_are_named() -> None:
    assert {each.kind for each in plan(1, LONG_S, chosen(["kill", "cut"]), FIELD)} == {"kill", "cut"}
    with pytest.raises(LocalError, match="did you mean freeze"):
        chosen(["freze"])


def test_a_mesh_without_faulty_links_leaves_links_alone_and_says_which_kinds_are_idle() -> None:
    bare = Field(processes=FIELD.processes)
    assert {kind.name for kind in without_targets(KINDS, bare)} == {"cut", "slow", "lost-answer"}
    assert {each.kind for each in plan(1, LONG_S, KINDS, bare)}.isdisjoint({"cut", "slow", "lost-answer"})
    with pytest.raises(LocalError, match="--faulty-links"):
        without_targets(chosen(["cut"]), bare)


def test_a_target_touches_the_service_that_is_called() -> None:
    assert touched("order-to-payment-2") == {"payment"}
    assert touched("payment-to-payment-provider") == {"payment-provider"}
    assert touched("inventory-2") == touched("inventory") == {"inventory"}
    assert group("payment-provider") == "payment-provider"


def test_what_a_cluster_can_not_do_is_told_with_what_it_can() -> None:
    field = Field(processes=["order-1"], can=frozenset({"kill", "restart"}))
    assert [kind.name for kind in KINDS if kind.targets(field)] == ["kill", "restart"]
    with pytest.raises(LocalError, match="in a cluster these faults can't be done, only kill, restart"):
        without_targets(chosen(["freeze", "cut"]), field)
