"""What a bench calls kept and what broken, at the borders, and that its exit code says so."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from local import cli
from local.bench import verdict
from local.bench.overload import Overload, run_open
from local.paths import ROOT
from local.verbs import bench as verb

SHARE, P99, FAILED = (each.name for each in verdict.overload({"share": 1, "accepted_p99_ms": 1, "failed": 0}))
ROLLED: dict[str, Any] = {
    "machine": "2 cores",
    "requests": 5_000,
    "failed": 0,
    "not_retryable": 0,
    "repeated": 3,
    "odd_answers": [],
    "restart_s": 90.0,
    "quiet_p99_ms": 5.0,
    "rolling_p99_ms": 10.0,
}


def broken(share: float = 1.0, accepted_p99_ms: float = 900.0, failed: int = 0) -> list[str]:
    figures = {"share": share, "accepted_p99_ms": accepted_p99_ms, "failed": failed}
    return [each.name for each in verdict.overload(figures) if not each.kept]


def test_overload_is_judged_by_goodput_by_the_latency_of_what_was_accepted_and_by_failures() -> None:
    assert broken(share=0.8, accepted_p99_ms=6_000.0) == []
    assert broken(share=0.7999) == [SHARE]
    assert broken(accepted_p99_ms=6_000.1) == [P99]
    assert broken(accepted_p99_ms=0.0) == [P99], "nothing was accepted"
    assert broken(failed=1) == [FAILED]


def test_the_limit_is_the_deadline_that_the_mesh_has() -> None:
    document = json.loads((ROOT / "protos" / "config" / "service_config.json").read_text())
    (placing,) = [
        each["timeout"]
        for each in document["methodConfig"]
        if {"service": "banyan.order.v1.OrderService", "method": "PlaceOrder"} in each["name"]
    ]
    assert placing == f"{verdict.ORDER_DEADLINE_S:g}s"


@pytest.mark.parametrize(
    ("change", "which"),
    [
        ({}, []),
        ({"requests": 4_999}, ["requests"]),
        ({"failed": 1}, ["failed, repeats of the client included"]),
        ({"not_retryable": 1}, ["answers that no repeat would mend"]),
        ({"odd_answers": ["one key, two orders"]}, ["answers that must never be given"]),
        ({"rolling_p99_ms": 10.01}, ["P99 of reads during the restart"]),
        ({"rolling_p99_ms": 0.0, "quiet_p99_ms": 0.0}, ["P99 of reads during the restart"]),
    ],
)
def test_a_rolling_restart_is_judged_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, Any],
    which: list[str],
) -> None:
    monkeypatch.setattr(verb, "run_rolling", lambda *_: ROLLED | change)
    assert cli.main(["bench", "--rolling"]) == len(which)
    said = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("BROKEN")]
    assert said == which
    assert cli.main(["bench", "--rolling", "--json"]) == len(which)
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert [each["name"] for each in verdicts if not each["kept"]] == which
    assert len(verdicts) == 5


def test_an_order_that_was_promised_counts_as_accepted_and_not_as_done() -> None:
    answers = iter([(201, True), (202, False), (503, False), (0, False)])

    async def act() -> tuple[int, bool]:
        status, done = next(answers)
        await asyncio.sleep(0.05 if status == 202 else 0)
        return status, done

    load = asyncio.run(run_open(act, rate=40, seconds=0.1))
    assert (len(load.done_ms), len(load.accepted_ms), load.failed) == (1, 2, 1)
    assert load.accepted_p99_ms >= 50 > load.p99_ms


def test_percentiles_of_nothing_are_none_at_all() -> None:
    nothing = Overload(300.0, 1.0, Counter({503: 300}), [], [])
    assert (nothing.p99_ms, nothing.accepted_p99_ms, nothing.goodput) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, 0), ({"share": 0.79}, 1), ({"accepted_p99_ms": 6_001.0}, 1), ({"failed": 1}, 1)],
)
def test_an_overload_that_breaks_a_promise_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: dict[str, Any], code: int
) -> None:
    overload = {"share": 0.8, "accepted_p99_ms": 6_000.0, "failed": 0} | change
    figures = {load: {"errors": 0} for load in verb.LOADS}
    monkeypatch.setattr(
        verb, "run_bench", lambda *_: figures | {"books_out_of_balance": [], "orders_overload": overload}
    )
    assert cli.main(["bench", "--json"]) == code
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert (len(verdicts), sum(not each["kept"] for each in verdicts)) == (3, code)
