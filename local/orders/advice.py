"""What to do about a workflow that stands still: one row for each reason, each a heading of order's runbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RUNBOOK: Final = "services/order/RUNBOOK.md"


@dataclass(frozen=True, slots=True)
class Advice:
    """`heading` is the runbook's, word for word."""

    heading: str
    what: str


PARKED_BY_REASON: Final = {
    "CONTRADICTION": Advice(
        "Parked: `CONTRADICTION`",
        "an answer contradicts what order knows: compare the order with the books of the step's service, put the wrong one"
        " right, then resume",
    ),
    "OVERDUE": Advice(
        "Parked: `OVERDUE`",
        "its workers die at this step before they can write: find their last log lines and mend that first, then resume",
    ),
    "INTERNAL": Advice(
        "Parked: `INTERNAL`",
        "a fault of ours, here or in the step's service: look for `workflow call failed` in order's log and for the same"
        " trace in the other's, mend it, then resume",
    ),
}
"""Reasons that say more than the step."""
PARKED_BY_STEP: Final = {
    "void": Advice(
        "Parked at `void`",
        "shipping or the carrier can't stop the parcel: see why in shipping's log, once the carrier answers resume",
    ),
    "refund": Advice(
        "Parked at `refund`",
        "the money can't be paid back: see the payment's refunds and the provider's books, once the provider answers resume",
    ),
    "release": Advice(
        "Parked at `release`",
        "the stock can't be given back: see inventory's log, once it answers resume",
    ),
}
"""Any other reason is the last answer of the step's service."""
PARKED_ELSEWHERE: Final = Advice(
    "`order_workflows_parked` is above 0", "find out what its step last failed with, mend that, then resume"
)
OLD: Final = Advice(
    "`order_workflow_oldest_age_seconds` grows",
    "it still goes on by itself: see whether order runs, and whether the step's service answers",
)


def advice(status: str, step: str, reason: str) -> Advice:
    """What to do about a workflow in this status, at this step, parked for this reason (empty when it is not)."""
    if status != "parked":
        return OLD
    return PARKED_BY_REASON.get(reason) or PARKED_BY_STEP.get(step) or PARKED_ELSEWHERE
