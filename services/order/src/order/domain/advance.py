"""The transition function of the workflow: from what a step brought to what is to be written next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from order.domain.money import Money
from order.domain.order import Order
from order.domain.steps import RULES, TOO_LATE, Done, Outcome, Refusal, Refused, Step, Unclear
from order.domain.workflow import Entry, EventKind, Goal, Note, Progress, Status, Workflow

CANCEL_REQUESTED = "CANCEL_REQUESTED"
_MANY_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one step is retried: forward steps then turn round, the others are parked for an operator."""

    forward: timedelta
    backward: timedelta


@dataclass(frozen=True, slots=True)
class _Move:
    """The workflow's moment: everything a rule needs, and the entries written so far."""

    order_before: Order
    order: Order
    flow_before: Workflow
    flow: Workflow
    now: datetime
    entries: tuple[Entry, ...] = ()

    def noting(self, note: Note, reason: str = "") -> _Move:
        return replace(self, entries=(*self.entries, self.flow.entry(note, self.now, reason)))

    def progress(self, event: EventKind | None = None, retry_in_s: float | None = None) -> Progress:
        return Progress(
            order_before=self.order_before,
            order=self.order,
            flow_before=self.flow_before,
            flow=self.flow,
            entries=self.entries,
            event=event,
            retry_in_s=retry_in_s,
        )


def advance(
    order: Order, flow: Workflow, outcome: Outcome, *, now: datetime, limits: Limits, retry_in_s: float
) -> Progress:
    """What follows from the `outcome` of `flow.step`; `retry_in_s` is used when it is to be tried again."""
    move = _Move(order, order, flow, flow, now)
    match outcome:
        case Done():
            return _succeeded(move, outcome)
        case Refused(reason=reason) if RULES[flow.step].forward:
            return _refused(move, reason)
        case Refused(reason=reason) if flow.step is Step.VOID and reason == TOO_LATE:
            return _too_late(move, reason)
        case Refused(reason=reason) | Unclear(reason=reason):
            return _unclear(move, reason, limits, retry_in_s)


def must_turn_round(flow: Workflow) -> bool:
    """Whether a cancellation was asked for before the present step could be run (again)."""
    return flow.cancel_requested and RULES[flow.step].forward


def turn_round(order: Order, flow: Workflow, now: datetime) -> Progress:
    """The way back, without running the present step."""
    return _unwind(
        _Move(order, order, flow, flow, now).noting(Note.FAILED, CANCEL_REQUESTED), Goal.CANCEL, ""
    )


def overdue(flow: Workflow, now: datetime, limits: Limits) -> bool:
    """Whether the present step was begun so often for so long that its failures can't have been recorded: it kills
    its workers. Age alone tells nothing: the whole service may have been down.
    """
    age = now - flow.step_started_at
    return flow.attempt > _MANY_ATTEMPTS and age >= 2 * max(limits.forward, limits.backward)


def park(order: Order, flow: Workflow, reason: str, now: datetime) -> Progress:
    """Leaves the workflow to an operator, at the step where it is."""
    return _park(_Move(order, order, flow, flow, now), reason)


def _succeeded(move: _Move, done: Done) -> Progress:
    move = _learned(move, done).noting(Note.SUCCEEDED)
    step, rule = move.flow.step, RULES[move.flow.step]
    if step is Step.VOID:
        return _unwind(replace(move, order=move.order.cancelling(move.now)), Goal.CANCEL, "")
    if not rule.forward:
        undone = Entry(rule.undoes or step, Note.COMPENSATED, 1, move.now)
        flow = replace(move.flow, undo=tuple(due for due in move.flow.undo if due is not step))
        return _unwind(replace(move, flow=flow, entries=(*move.entries, undone)), flow.goal, flow.reason)
    if move.flow.cancel_requested:
        return _unwind(move, Goal.CANCEL, "")
    if rule.then is Step.CONFIRM:
        return _finish(move)
    return _begin(move, rule.then or Step.CONFIRM).progress()


def _learned(move: _Move, done: Done) -> _Move:
    order = move.order
    if done.payment_id and done.payment_id != order.payment_id:
        order = order.charged(done.payment_id, move.now)
    if done.refunded_minor is not None:
        order = order.refunded_to(Money(done.refunded_minor, order.currency), move.now)
    return replace(move, order=order)


def _refused(move: _Move, reason: str) -> Progress:
    refusal = RULES[move.flow.step].refusals.get(reason, Refusal(reason))
    spared = frozenset() if refusal.first_try_only and move.flow.attempt > 1 else refusal.spares
    flow = replace(move.flow, undo=tuple(due for due in move.flow.undo if due not in spared))
    move = replace(move.noting(Note.FAILED, reason), flow=flow)
    # A cancellation that was accepted ends as one, even if the order could not have been.
    if flow.cancel_requested:
        return _unwind(move, Goal.CANCEL, "")
    return _unwind(move, Goal.REJECT, refusal.rejection)


def _too_late(move: _Move, reason: str) -> Progress:
    move = move.noting(Note.FAILED, reason)
    return replace(move, flow=move.flow.ended(Step.VOID)).progress()


def _unclear(move: _Move, reason: str, limits: Limits, retry_in_s: float) -> Progress:
    flow, forward = move.flow, RULES[move.flow.step].forward
    age = move.now - flow.step_started_at
    if forward and flow.cancel_requested:
        return _unwind(move.noting(Note.FAILED, reason), Goal.CANCEL, "")
    if forward and age >= limits.forward:
        return _unwind(move.noting(Note.FAILED, reason), Goal.REJECT, f"{flow.step.upper()}_UNAVAILABLE")
    if age >= limits.backward:
        return _park(move, reason)
    return move.noting(Note.RETRIED, reason).progress(retry_in_s=retry_in_s)


def _park(move: _Move, reason: str) -> Progress:
    move = move.noting(Note.FAILED, reason)
    flow = replace(move.flow, status=Status.PARKED, parked_reason=reason, payment_token=None)
    return replace(move, flow=flow).progress()


def _begin(move: _Move, step: Step) -> _Move:
    return replace(move, flow=move.flow.at(step, move.now)).noting(Note.STARTED)


def _unwind(move: _Move, goal: Goal, reason: str) -> Progress:
    move = replace(move, flow=replace(move.flow, goal=goal, reason=reason))
    if move.flow.undo:
        return _begin(move, move.flow.undo[-1]).progress()
    return _finish(move)


def _finish(move: _Move) -> Progress:
    order, flow, now = move.order, move.flow, move.now
    match flow.goal:
        case Goal.CONFIRM:
            order, step, event = order.confirmed(now), Step.CONFIRM, EventKind.CONFIRMED
        case Goal.REJECT:
            order, step, event = order.rejected(flow.reason, now), Step.REJECT, EventKind.REJECTED
        case Goal.CANCEL:
            order, step, event = order.cancelled(now), Step.CANCEL, EventKind.CANCELLED
    last = Entry(step, Note.SUCCEEDED, 1, now, flow.reason if flow.goal is Goal.REJECT else "")
    return replace(move, order=order, flow=flow.ended(step), entries=(*move.entries, last)).progress(event)
