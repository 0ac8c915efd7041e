"""Each invariant holds for healthy books, and each kind of corruption is found by the invariant that is there for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from local.audit.cases import Case
from local.audit.invariants.registry import INVARIANTS
from local.audit.rules import Rules
from local.audit.verdict import Result, Violation
from local.tests.audit_books import (
    CANCELLED,
    CONFIRMED,
    CONSUMER,
    EVENT,
    HEALTHY,
    HELD,
    LETTER,
    MAIL,
    MESSAGE,
    NOW,
    PAYMENT,
    PENDING,
    REFUND,
    REJECTED,
    RULES,
    SHIPMENT,
    STOCK,
    THEN,
    order,
)
from local.tests.audit_sabotage import Sabotage, flow, with_order
from local.tests.audit_sabotage_after import AFTER_ROWS, MONEY_ROWS
from local.tests.audit_sabotage_orders import ORDER_ROWS, STOCK_ROWS

BY_NAME: Final = {each.name: each for each in INVARIANTS}
SABOTAGE: Final = (*STOCK_ROWS, *ORDER_ROWS, *MONEY_ROWS, *AFTER_ROWS)


def results(cases: Sequence[Case], rules: Rules = RULES) -> dict[str, Result]:
    """Every invariant over these cases."""
    found = {}
    for each in INVARIANTS:
        result = Result(each.name, each.meaning)
        for case in cases:
            if isinstance(case, each.of) and (verdict := each.judge(case, rules)) is not None:
                result.add(verdict)
        found[each.name] = result
    return found


def words(violation: Violation) -> str:
    """Everything that a violation tells."""
    return f"{violation.id} {violation.what} {' '.join(map(str, violation.figures.values()))}"


def test_healthy_books_hold_and_leave_no_invariant_without_a_look() -> None:
    found = results(HEALTHY)
    assert [violation for result in found.values() for violation in result.violations] == []
    assert [name for name, result in found.items() if result.checked == 0] == []


@pytest.mark.parametrize("row", SABOTAGE, ids=lambda row: f"{row.invariant}: {row.what}")
def test_sabotage_is_found_with_id_and_figures(row: Sabotage) -> None:
    violations = results([row.case])[row.invariant].violations
    assert violations, "not found"
    told = " ".join(map(words, violations))
    missing = [piece for piece in row.told if str(piece) not in told]
    assert not missing, f"{missing} not in: {told}"
    assert all(violation.id for violation in violations)


def test_every_invariant_is_shown_to_fail() -> None:
    assert {row.invariant for row in SABOTAGE} == set(BY_NAME)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("stock-orders", replace(STOCK, ordered_units=9, moving_orders=1)),
        ("reservations-orders", replace(PENDING, reservations=())),
        (
            "payments-orders",
            replace(CANCELLED, payments=(replace(PAYMENT, refunds=(replace(REFUND, state="PENDING"),)),)),
        ),
        ("payments-orders", flow(replace(CONFIRMED, payments=()), status="parked")),
        ("shipments-orders", replace(CONFIRMED, shipments=(replace(SHIPMENT, void_requested=True),))),
        ("confirmation-mails", replace(CONFIRMED, told=(replace(MAIL, state="SENDING"),))),
        ("mails-server", replace(MESSAGE, state="PENDING", taken=1)),
        ("mails-server", replace(MESSAGE, taken=0, forgotten=True)),
        ("order-events", with_order(replace(CONFIRMED, events=()), placed_at=NOW - timedelta(days=8))),
        ("events-in-streams", replace(EVENT, sequences=(), kept=False)),
        ("events-in-outboxes", replace(EVENT, in_outbox=False, listed=False)),
    ],
)
def test_what_is_moving_or_beyond_memory_is_not_judged(name: str, case: Case) -> None:
    assert BY_NAME[name].judge(case, RULES) is None


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("events-applied", replace(EVENT, effects=frozenset({"shipping-order"}), letters=EVENT.passed)),
        ("outbox-published", replace(EVENT, published_at=None, created_at=NOW)),
        ("mails-server", replace(MESSAGE, state="FAILED", taken=1)),
        ("workflows-in-time", flow(PENDING, step="refund", step_started_at=THEN + timedelta(minutes=80))),
        ("reservations-orders", replace(REJECTED, reservations=(replace(HELD, state="released", items=""),))),
        ("shipments-orders", replace(CANCELLED, shipments=())),
    ],
)
def test_what_looks_odd_and_is_legal_holds(name: str, case: Case) -> None:
    verdict = BY_NAME[name].judge(case, RULES)
    assert verdict is not None and verdict.violations == ()


def test_consumer_may_lag_while_the_mesh_works_but_not_for_long() -> None:
    judge, busy = BY_NAME["consumers-level"].judge, replace(RULES, quiet=False)
    lag = replace(CONSUMER, waiting=50, behind_since=NOW - timedelta(seconds=20))
    fresh = judge(lag, busy)
    assert fresh is not None and fresh.violations == ()
    stale = judge(replace(lag, behind_since=NOW - timedelta(minutes=6)), busy)
    assert stale is not None and dict(stale.violations[0].figures)["for s"] == 360


def test_dead_letter_can_be_explained() -> None:
    letter = replace(LETTER, had_effect=False)
    verdict = BY_NAME["dead-letters"].judge(letter, replace(RULES, explained=frozenset({"e9"})))
    assert verdict is not None and verdict.violations == ()


def test_figures_are_summed_over_all_things() -> None:
    found = results([CONFIRMED, replace(CONFIRMED, id="second"), CANCELLED, REJECTED])
    assert found["payments-orders"].figures == {"orders EUR": 5798, "payment EUR": 5798}
    assert found["payments-provider"].figures == {"payment EUR": 5798, "provider EUR": 5798}
    assert found["order-states"].figures == {"CONFIRMED": 2, "CANCELLED": 1, "REJECTED": 1}


def test_late_charge_counts_as_taken() -> None:
    late = replace(PAYMENT, state="FAILED", refunded_minor=2899, refunds=(REFUND,))
    case = with_order(replace(REJECTED, payments=(late,), charges=CANCELLED.charges), refunded_minor=2899)
    found = results([case])
    assert [each for result in found.values() for each in result.violations] == []
    assert order().total_minor == late.taken_minor
