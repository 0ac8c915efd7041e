"""The workflow's transition function: each step, each kind of outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from order.domain.advance import advance, must_turn_round, overdue, park, turn_round
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.steps import RULES, Done, Outcome, Refused, Step, Unclear
from order.domain.workflow import EventKind, Goal, Note, Progress, Status, Workflow, cancelling, placing
from services.order.tests.bench import LIMITS
from services.order.tests.builders import NOW, TOKEN, an_order

LATER = NOW + timedelta(seconds=1)


def go(
    order: Order, flow: Workflow, outcome: Outcome, *, after: timedelta = timedelta(seconds=1)
) -> Progress:
    return advance(order, flow, outcome, now=NOW + after, limits=LIMITS, retry_in_s=0.5)


def start() -> tuple[Order, Workflow]:
    order = an_order()
    return order, placing(order, TOKEN, NOW)[0]


def at(step: Step) -> tuple[Order, Workflow]:
    """An order whose workflow has come to `step` on the straight road."""
    order, flow = start()
    while flow.step is not step:
        progress = go(order, flow, Done(payment_id="pay" if flow.step is Step.CHARGE else ""))
        order, flow = progress.order, progress.flow
    return order, flow


def notes(progress: Progress) -> list[tuple[str, str]]:
    return [(entry.step.value, entry.note.value) for entry in progress.entries]


def test_each_success_starts_the_next_step_in_the_same_write() -> None:
    progress = go(*start(), Done())
    assert notes(progress) == [("reserve", "succeeded"), ("charge", "started")]
    assert progress.flow.undo == (Step.RELEASE, Step.REFUND)
    assert not progress.order_changed


def test_the_charge_tells_the_payment_and_ends_the_need_for_the_token() -> None:
    order, flow = at(Step.CHARGE)
    assert flow.payment_token == TOKEN
    progress = go(order, flow, Done(payment_id="pay"))
    assert (progress.order.payment_id, progress.flow.payment_token) == ("pay", None)


def test_the_last_success_confirms_in_the_same_write() -> None:
    progress = go(*at(Step.COMMIT), Done())
    assert progress.order.state is OrderState.CONFIRMED
    assert progress.event is EventKind.CONFIRMED
    assert (progress.flow.status, progress.flow.undo) == (Status.DONE, ())
    assert notes(progress) == [("commit", "succeeded"), ("confirm", "succeeded")]


@pytest.mark.parametrize(
    ("step", "reason", "rejection", "undo"),
    [
        (Step.RESERVE, "OUT_OF_STOCK", "OUT_OF_STOCK", ()),
        (Step.RESERVE, "RESERVATION_ENDED", "RESERVATION_EXPIRED", ()),
        (Step.RESERVE, "RESERVATION_EXISTS", "RESERVATION_EXISTS", (Step.RELEASE,)),
        (Step.CHARGE, "PAYMENT_DECLINED", "PAYMENT_DECLINED", (Step.RELEASE,)),
        (Step.CHARGE, "PAYMENT_FAILED", "PAYMENT_FAILED", (Step.RELEASE,)),
        (Step.CHARGE, "PAYMENT_CLOSED", "PAYMENT_CLOSED", (Step.RELEASE, Step.REFUND)),
        (Step.COMMIT, "RESERVATION_ENDED", "RESERVATION_EXPIRED", (Step.REFUND,)),
        (Step.COMMIT, "RESERVATION_NOT_FOUND", "RESERVATION_EXPIRED", (Step.REFUND,)),
        (Step.COMMIT, "WHATEVER", "WHATEVER", (Step.RELEASE, Step.REFUND)),
    ],
)
def test_a_refusal_undoes_what_may_be_held_and_rejects(
    step: Step, reason: str, rejection: str, undo: tuple[Step, ...]
) -> None:
    progress = go(*at(step), Refused(reason))
    assert (progress.flow.goal, progress.flow.reason) == (Goal.REJECT, rejection)
    assert progress.flow.undo == undo
    assert progress.entries[0].reason == reason
    undone = []
    while progress.flow.active:
        undone.append(progress.flow.step)
        assert progress.flow.payment_token is None
        progress = go(progress.order, progress.flow, Done())
    assert undone == list(reversed(undo))
    assert (progress.order.state, progress.order.rejection_reason) == (OrderState.REJECTED, rejection)
    assert progress.event is EventKind.REJECTED


def test_short_stock_after_a_lost_answer_releases_too() -> None:
    order, flow = start()
    progress = go(order, replace(flow, attempt=2), Refused("OUT_OF_STOCK"))
    assert progress.flow.step is Step.RELEASE


@pytest.mark.parametrize("step", [Step.RESERVE, Step.CHARGE, Step.COMMIT])
def test_an_unclear_step_is_tried_again_and_given_up_after_the_limit(step: Step) -> None:
    order, flow = at(step)
    again = go(order, flow, Unclear("UNAVAILABLE"))
    assert (again.retry_in_s, again.flow) == (0.5, flow)
    assert notes(again) == [(step.value, "retried")]
    given_up = go(order, flow, Unclear("UNAVAILABLE"), after=timedelta(minutes=2))
    assert (given_up.flow.goal, given_up.flow.reason) == (Goal.REJECT, f"{step.upper()}_UNAVAILABLE")
    assert given_up.flow.step is RULES[Step.CHARGE].undo if step is not Step.RESERVE else Step.RELEASE


@pytest.mark.parametrize("outcome", [Unclear("UNAVAILABLE"), Refused("ODD")])
def test_a_compensation_is_tried_for_long_and_then_parked(outcome: Outcome) -> None:
    order, flow = at(Step.CHARGE)
    undoing = go(order, flow, Refused("PAYMENT_DECLINED"))
    again = go(undoing.order, undoing.flow, outcome, after=timedelta(minutes=30))
    assert again.retry_in_s == 0.5
    parked = go(undoing.order, undoing.flow, outcome, after=timedelta(hours=2))
    assert (parked.flow.status, parked.flow.step) == (Status.PARKED, Step.RELEASE)
    assert parked.flow.parked_reason == outcome.reason  # type: ignore[union-attr]
    assert parked.order.state is OrderState.PENDING


@pytest.mark.parametrize("outcome", [Done(payment_id="pay"), Refused("OUT_OF_STOCK"), Unclear("UNAVAILABLE")])
@pytest.mark.parametrize("step", [Step.RESERVE, Step.CHARGE, Step.COMMIT])
def test_a_wish_to_cancel_ends_as_cancelled_whatever_the_step_brings(step: Step, outcome: Outcome) -> None:
    order, flow = at(step)
    progress = go(order, replace(flow, cancel_requested=True), outcome)
    while progress.flow.active:
        assert not RULES[progress.flow.step].forward
        progress = go(progress.order, progress.flow, Done())
    assert progress.order.state is OrderState.CANCELLED
    assert progress.event is EventKind.CANCELLED


def test_a_waiting_forward_step_is_not_run_again_when_cancelling() -> None:
    order, flow = at(Step.CHARGE)
    assert not must_turn_round(flow)
    wished = replace(flow, cancel_requested=True)
    assert must_turn_round(wished)
    progress = turn_round(order, wished, LATER)
    assert progress.flow.step is Step.REFUND
    assert not must_turn_round(progress.flow)
    assert progress.entries[0].note is Note.FAILED


def test_cancelling_a_confirmed_order_stops_the_parcel_then_pays_back_then_restocks() -> None:
    done = go(*at(Step.COMMIT), Done())
    flow, entries = cancelling(done.flow, LATER)
    assert [entry.step for entry in entries] == [Step.VOID]
    voided = go(done.order, flow, Done())
    assert (voided.order.state, voided.flow.step) == (OrderState.CANCELLING, Step.REFUND)
    refunded = go(voided.order, voided.flow, Done(refunded_minor=done.order.total.minor))
    assert refunded.order.refunded == done.order.total
    assert refunded.flow.step is Step.RELEASE
    ended = go(refunded.order, refunded.flow, Done())
    assert ended.order.state is OrderState.CANCELLED
    assert ("charge", "compensated") in notes(refunded)
    assert ("reserve", "compensated") in notes(ended)


def test_a_parcel_that_has_left_leaves_the_order_as_it_is() -> None:
    done = go(*at(Step.COMMIT), Done())
    flow, _ = cancelling(done.flow, LATER)
    late = go(done.order, flow, Refused("SHIPMENT_DISPATCHED"))
    assert not late.order_changed
    assert (late.flow.status, late.flow.cancel_requested, late.flow.undo) == (Status.DONE, False, ())


def test_the_payment_token_is_in_no_representation() -> None:
    order, flow = start()
    assert TOKEN not in repr(flow)
    assert TOKEN not in repr(go(order, flow, Done()))
    assert "Elm Street" not in repr(order)


def test_a_step_that_kills_its_workers_is_parked_by_its_age_and_its_tries() -> None:
    order, flow = at(Step.CHARGE)
    often, long = replace(flow, attempt=21), NOW + timedelta(hours=2, minutes=1)
    assert overdue(often, long, LIMITS)
    assert not overdue(often, NOW + timedelta(hours=1), LIMITS)
    assert not overdue(flow, long, LIMITS)  # the whole service was down
    parked = park(order, flow, "OVERDUE", LATER)
    assert (parked.flow.status, parked.flow.step, parked.flow.payment_token) == (
        Status.PARKED,
        Step.CHARGE,
        None,
    )
