"""How the audit runs through cases and what it prints: table, violations, JSON, exit codes, and the verb's words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from local import cli
from local.audit.invariants.registry import INVARIANTS
from local.audit.merge import held, merged
from local.audit.quiet import Calm, Moving, settled_before
from local.audit.report import as_json, show
from local.audit.rules import Limits
from local.audit.run import Report, judge
from local.audit.verdict import Result
from local.errors import LocalError
from local.paths import ROOT
from local.tests.audit_books import CONFIRMED, NOW, RULES
from local.verbs.audit import chosen, seconds


def report(*results: Result, calm: Calm | None = None) -> Report:
    """A report of these results."""
    return Report("the mesh", NOW, calm or Calm(True, NOW), results, 1.25)


def broken() -> Result:
    """An invariant with three violations."""
    result = Result("shipments-orders", "A confirmed order has exactly one shipment.")
    (invariant,) = chosen(["shipments-orders"])
    for number in range(3):
        judge(replace(CONFIRMED, id=f"order-{number}", shipments=()), [(invariant, result)], RULES)
    return result


def test_violations_are_listed_under_the_table_up_to_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    show(report(Result("stock-balance", "It balances.", checked=1200), broken()), 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["invariant", "checked", "moving", "violations", "figures"]
    assert lines[1].split() == ["stock-balance", "1,200", "0", "0"]
    assert lines[2].split()[:4] == ["shipments-orders", "3", "0", "3"]
    assert "  order-0  it is CONFIRMED and has not exactly one shipment: shipments 0, due 1" in lines
    assert "  … and 1 more (--show 3)" in lines
    assert not any("order-2" in line for line in lines)
    assert lines[-1] == "2 invariants looked at, 1 broken by 3 violations (1.2 s)"


def test_json_has_every_violation() -> None:
    document = json.loads(as_json(report(broken())))
    (invariant,) = document["invariants"]
    assert [each["id"] for each in invariant["violations"]] == ["order-0", "order-1", "order-2"]
    assert invariant["violations"][0]["figures"] == {"shipments": 0, "due": 1}
    assert (document["violations"], document["exit_code"], document["quiet"]) == (3, 1, True)


def test_skipped_is_never_told_as_held(capsys: pytest.CaptureFixture[str]) -> None:
    skipped = Result("parcels-carrier", "As the carrier has them.", skipped="the target has no carrier")
    assert report(skipped).exit_code == 2
    show(report(skipped, Result("stock-balance", "It balances.", checked=1)), 5)
    out = capsys.readouterr().out
    assert "parcels-carrier  -        -       skipped     the target has no carrier" in out
    assert "1 invariants hold, 1 skipped" in out


def test_books_that_were_not_read_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    partly = replace(report(Result("order-sums", "It adds up.", checked=1)), unread=("cart", "payment"))
    show(partly, 5)
    assert "not read: the books of cart, payment" in capsys.readouterr().out
    assert json.loads(as_json(partly))["unread"] == ["cart", "payment"]


def test_exit_codes() -> None:
    held_result = Result("stock-balance", "It balances.", checked=1)
    restless = Calm(False, NOW, (Moving("messages to send", 3, NOW),))
    assert report(held_result).exit_code == 0
    assert report(held_result, broken()).exit_code == 1
    assert report(held_result, calm=restless).exit_code == 2
    assert report(held_result, broken(), calm=restless).exit_code == 1


def test_what_changed_after_the_cut_off_is_counted_and_not_judged() -> None:
    lost, rules = replace(CONFIRMED, shipments=()), replace(RULES, cutoff=NOW - timedelta(hours=3))
    across, alone = (Result(name, "") for name in ("shipments-orders", "order-sums"))
    pairs = [(chosen([result.name])[0], result) for result in (across, alone)]
    judge(lost, pairs, rules)
    assert (across.checked, across.unsettled, across.violations) == (0, 1, [])
    assert (alone.checked, alone.unsettled) == (1, 0)


def test_events_on_their_way_hold_the_cut_off_back_and_retries_do_not() -> None:
    old = NOW - timedelta(minutes=5)
    events, retries = Moving("events for shipping-order", 1, old, True), Moving("active workflows", 1, old)
    assert settled_before(NOW, [retries], 10.0) == NOW - timedelta(seconds=10)
    assert settled_before(NOW, [retries, events], 10.0) == old - timedelta(seconds=1)


async def test_streams_are_joined_on_their_ids() -> None:
    found = [
        (key, parts) async for key, parts in merged(held({"b": 2, "a": 1}), held({}), held({"b": 3, "c": 4}))
    ]
    assert found == [("a", ([1], [], [])), ("b", ([2], [], [3])), ("c", ([], [], [4]))]


async def test_stream_out_of_order_is_a_bug_that_is_told() -> None:
    async def unordered() -> AsyncIterator[tuple[str, int]]:
        for key in ("b", "a"):
            yield key, 0

    with pytest.raises(RuntimeError, match="not in order: a after b"):
        [key async for key, _ in merged(unordered())]


@pytest.mark.parametrize(
    ("text", "value"), [("60", 60), ("60s", 60), ("2m", 120), ("1h", 3600), ("0.5s", 0.5)]
)
def test_times_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "-1", "5 minutes"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(LocalError, match="is no time"):
        seconds(text)


def test_invariants_are_found_by_name_and_the_nearest_is_offered() -> None:
    assert [each.name for each in chosen(["stock-balance"])] == ["stock-balance"]
    assert chosen([]) == list(INVARIANTS)
    with pytest.raises(LocalError, match="did you mean stock-balance"):
        chosen(["stock-balanse"])


def test_every_invariant_says_what_it_means_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "--list"]) == 0
    listed = capsys.readouterr().out
    for each in INVARIANTS:
        assert each.meaning.endswith("."), each.name
        assert each.meaning in listed
    assert len({each.name for each in INVARIANTS}) == len(INVARIANTS)


def test_every_invariant_and_limit_stands_in_the_documentation() -> None:
    document = (ROOT / "docs/audit.md").read_text()
    rows = {
        each.name: line
        for each in INVARIANTS
        for line in document.splitlines()
        if f"`{each.name}`" in line and line.startswith("|")
    }
    assert {each.name for each in INVARIANTS} == set(rows)
    assert {name for name, line in rows.items() if "†" in line} == {
        each.name for each in INVARIANTS if each.at_any_time
    }
    assert [each.name for each in fields(Limits) if f"`{each.name}`" not in document] == []


def test_mesh_that_is_down_can_not_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANYAN_HOME", str(tmp_path))
    assert cli.main(["audit"]) == 2
    assert "nothing is running in" in capsys.readouterr().err
    assert cli.main(["audit", "--target", str(tmp_path / "none.yaml")]) == 2
    assert cli.main(["audit", "--only", "nothing"]) == 2
