"""The state of one order's workflow, and what is written together when it moves on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from order.domain.order import Order
from order.domain.steps import FIRST_STEP, HELD_BY_CONFIRMED, RULES, Step


class Status(StrEnum):
    """ACTIVE has a next step, PARKED waits for an operator, DONE has none."""

    ACTIVE = "active"
    PARKED = "parked"
    DONE = "done"


class Goal(StrEnum):
    """Where the workflow is heading."""

    CONFIRM = "confirm"
    REJECT = "reject"
    CANCEL = "cancel"


class Note(StrEnum):
    """Outcomes of the timeline."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    COMPENSATED = "compensated"
    RETRIED = "retried"


class EventKind(StrEnum):
    """Subjects of the events that this service publishes."""

    PLACED = "order.placed"
    CONFIRMED = "order.confirmed"
    REJECTED = "order.rejected"
    CANCELLED = "order.cancelled"
    FULFILLED = "order.fulfilled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `attempt` counts from 1, `reason` is UPPER_SNAKE or empty."""

    step: Step
    note: Note
    attempt: int
    time: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One order's workflow. `step` is recorded as started, try `attempt` of it is under way or due.

    `reason` is why the order will be rejected, `parked_reason` what the step last failed with. `undo` are the
    compensations due, run from the end. `lease` is the fencing token: a writer with an older one is refused.
    `payment_token` is kept until no charge can be tried any more, and never shown.
    """

    order_id: str
    status: Status
    goal: Goal
    step: Step
    attempt: int
    undo: tuple[Step, ...]
    reason: str = ""
    parked_reason: str = ""
    cancel_requested: bool = False
    payment_token: str | None = field(default=None, repr=False)
    started_at: datetime
    step_started_at: datetime
    lease: int = 1

    @property
    def active(self) -> bool:
        """Whether it has a step to run."""
        return self.status is Status.ACTIVE

    def entry(self, note: Note, now: datetime, reason: str = "") -> Entry:
        """A timeline line about the present step."""
        return Entry(self.step, note, self.attempt, now, reason)

    def at(self, step: Step, now: datetime) -> Workflow:
        """Begins `step`; the token is dropped as soon as no charge can follow."""
        undo = RULES[step].undo
        return replace(
            self,
            step=step,
            attempt=1,
            step_started_at=now,
            undo=(*self.undo, undo) if undo else self.undo,
            payment_token=self.payment_token if step in (Step.RESERVE, Step.CHARGE) else None,
        )

    def ended(self, step: Step) -> Workflow:
        """Nothing is left to do."""
        return replace(
            self, status=Status.DONE, step=step, undo=(), cancel_requested=False, payment_token=None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One move, written in one transaction or not at all.

    `retry_in_s` set: nobody works on it until then, and the lease is given up.
    """

    order_before: Order
    order: Order
    flow_before: Workflow
    flow: Workflow
    entries: tuple[Entry, ...]
    event: EventKind | None = None
    retry_in_s: float | None = None

    @property
    def order_changed(self) -> bool:
        """Whether the order itself is to be written."""
        return self.order is not self.order_before

    def given_back(self) -> Progress:
        """The same move, after which any replica may go on at once."""
        return replace(self, retry_in_s=0.0)


def placing(order: Order, payment_token: str, now: datetime) -> tuple[Workflow, tuple[Entry, ...]]:
    """The workflow of a new order, its first step started."""
    flow = Workflow(
        order_id=order.order_id,
        status=Status.ACTIVE,
        goal=Goal.CONFIRM,
        step=FIRST_STEP,
        attempt=1,
        undo=(),
        payment_token=payment_token,
        started_at=now,
        step_started_at=now,
    ).at(FIRST_STEP, now)
    return flow, (Entry(Step.PLACE, Note.SUCCEEDED, 1, now), flow.entry(Note.STARTED, now))


def cancelling(flow: Workflow, now: datetime) -> tuple[Workflow, tuple[Entry, ...]]:
    """The workflow of a confirmed order opened again, to cancel it."""
    opened = replace(
        flow,
        status=Status.ACTIVE,
        goal=Goal.CANCEL,
        reason="",
        cancel_requested=True,
        undo=HELD_BY_CONFIRMED,
        started_at=now,
        lease=flow.lease + 1,
    ).at(Step.VOID, now)
    return opened, (opened.entry(Note.STARTED, now),)
