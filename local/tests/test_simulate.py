"""The mesh on paper: the formulas, the autoscaler's rules, and the walls."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from loadtests.simulate.costs import Costs, Mix, costs
from loadtests.simulate.model import Setting, recommendation, simulate
from loadtests.simulate.rules import Rules, Speed
from loadtests.simulate.signals import SIGNALS, waiting
from loadtests.simulate.walls import Machines, replicas_for, size, walls
from local.verbs.simulate import DOCUMENT, MEASURED, chart_rules, documented

UP, DOWN = Speed(100, 2, 15, 0), Speed(0, 1, 30, 120)
SERVICES = [name for name in SIGNALS if name != "gateway"]


def cheap() -> Costs:
    """A millisecond in each part."""
    parts = [*SIGNALS, "postgres/order", "nats"]
    return Costs(
        Mix(reads=10, logins=1), dict.fromkeys(parts, 0.001), dict.fromkeys(parts, 0.002), 0.04, 1_000
    )


def rule(threshold: float, most: int = 4) -> Rules:
    return Rules(1, most, threshold, UP, DOWN, pool=6, connections=60)


def every(threshold: float, most: int = 4) -> dict[str, Rules]:
    return dict.fromkeys(SIGNALS, rule(threshold, most))


def test_how_many_wait_is_near_the_exact_figure() -> None:
    # M/M/1: ρ²/(1−ρ), exactly. M/M/5 at ρ = 0.8, by Erlang's C formula: 2.216.
    assert waiting(0.5, 1) == pytest.approx(0.5)
    assert waiting(4.0, 5) == pytest.approx(2.216, rel=0.05)
    assert waiting(0.1, 10) < 1e-6


@pytest.mark.parametrize(
    ("signal", "replicas", "expected"),
    [(10, 1, 1), (10.9, 1, 1), (11.1, 1, 2), (35, 1, 4), (90, 2, 4), (5, 4, 1), (38, 4, 4)],
)
def test_the_autoscaler_asks_for_what_kubernetes_would(signal: float, replicas: int, expected: int) -> None:
    assert recommendation(signal, replicas, rule(10)) == expected
    assert recommendation(90, 2, rule(10), bounded=False) == 9


def test_after_a_jump_replicas_come_by_the_policies_and_the_backlog_is_worked_off() -> None:
    # 1,300 orders a second, a millisecond each: more than one replica's core, less than two.
    found = simulate(cheap(), every(1.0), lambda at: 1_300 if at >= 60 else 1, 600, Setting())["shipping"]
    assert found[10].ready == 1
    grown = [each for each in found if each.ready >= 2]
    assert 60 < grown[0].at <= 60 + 2 * 15 + 4 + 5
    assert max(each.delay_s for each in found) > 1
    assert found[-1].delay_s == 0


def test_scaling_in_waits_for_its_window() -> None:
    found = simulate(cheap(), every(100.0), lambda at: 30 if at < 120 else 1, 900, Setting())["gateway"]
    peak = max(each.wanted for each in found)
    assert peak == 4, "30 × 12 requests over 100"
    fallen = next(each.at for each in found if each.at > 120 and each.wanted < peak)
    assert 120 + DOWN.window_s <= fallen <= 120 + DOWN.window_s + 30 + 30
    last = [each.wanted for each in found if each.at > fallen]
    assert last[-1] == 1
    assert all(a - b <= 1 for a, b in pairwise(last)), "one at a time"


def test_a_rate_takes_what_thresholds_and_processors_say() -> None:
    assert replicas_for("gateway", cheap(), rule(120), 100) == 10
    assert replicas_for("shipping", cheap(), rule(5), 1_300) == 2, (
        "a queue's size says nothing: its processor does"
    )
    found = size(cheap(), every(120.0), 100, Machines(price=1))
    assert found.connections["order"] == found.replicas["order"] * 6
    assert found.store_cores == {"postgres/order": pytest.approx(0.1), "nats": pytest.approx(0.1)}


def test_the_first_wall_is_the_lowest_rate() -> None:
    met = walls(cheap(), every(120.0), Machines(nats=0.001))
    assert [wall.rate for wall in met] == sorted(wall.rate for wall in met)
    assert (met[0].part, round(met[0].rate, 2)) == ("nats", 0.7)
    (gateway,) = [wall for wall in met if wall.part == "gateway" and "chart" in wall.why]
    assert gateway.rate == pytest.approx(40, rel=0.02), "four replicas of 120 requests, twelve to an order"


def test_a_bench_is_added_up_over_what_people_do() -> None:
    def load(cpu: int, held: int) -> dict[str, object]:
        return {
            "cpu_us_per_request": {"product": cpu, "postgres": 99, "postgres/order": cpu, "carrier": 5},
            "held_us_per_request": {"product": held},
        }

    bench = {
        "orders_16": load(1000, 500),
        "product_reads_32": load(100, 10),
        "logins_4": {"cpu_us_per_request": {"user": 2000, "order": 700}, "held_us_per_request": {}},
        "orders_1": {"p50_ms": 40, **load(1500, 500)},
        "reserve_hot_32": {"per_second": 1400},
    }
    found = costs(bench, Mix(reads=10, logins=0.5))
    expected = {"product": 0.002, "postgres/order": 0.001, "user": 0.001}
    assert found.cores == {name: pytest.approx(cost) for name, cost in expected.items()}
    assert found.held["product"] == pytest.approx(0.0006)
    assert (found.order_s, found.hot_per_s) == (0.04, 1400)


def test_the_charts_have_rules_for_every_service() -> None:
    found = chart_rules()
    assert set(SIGNALS) <= found.keys()
    assert found["gateway"].pool == 0
    assert found["order"].pool * found["order"].most <= found["order"].connections
    assert documented(DOCUMENT.read_text()) == DOCUMENT.read_text(), "./banyan simulate --docs"
    assert replace(found["user"], most=9).threshold == found["user"].threshold
    assert MEASURED.name == "measured.json"
