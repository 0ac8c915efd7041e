"""What a wish to cancel means for an order as it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from order.domain.errors import OrderNotCancellable
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.steps import Step
from order.domain.workflow import Entry, Goal, Note, Workflow, cancelling


class Wish(Enum):
    """NOTHING: it is cancelled or on its way there. MARKED: the running workflow turns round. OPENED: a new run.

    REPEATED: the request came before and had its effect then.
    """

    REPEATED = auto()
    NOTHING = auto()
    MARKED = auto()
    OPENED = auto()


@dataclass(frozen=True, slots=True)
class CancelPlan:
    """The workflow as it should be from now on."""

    wish: Wish
    flow: Workflow
    entries: tuple[Entry, ...] = ()


def plan_cancel(order: Order, flow: Workflow, now: datetime) -> CancelPlan:
    """Raises OrderNotCancellable for an order that was rejected or delivered."""
    match order.state:
        case OrderState.CANCELLED | OrderState.CANCELLING:
            return CancelPlan(Wish.NOTHING, flow)
        case OrderState.PENDING if flow.goal is Goal.CONFIRM and not flow.cancel_requested:
            return CancelPlan(Wish.MARKED, replace(flow, cancel_requested=True), (_wished(now),))
        case OrderState.CONFIRMED if not flow.cancel_requested:
            opened, entries = cancelling(flow, now)
            return CancelPlan(Wish.OPENED, opened, (_wished(now), *entries))
        case OrderState.PENDING | OrderState.CONFIRMED:
            return CancelPlan(Wish.NOTHING, flow)
        case OrderState.REJECTED | OrderState.FULFILLED:
            raise OrderNotCancellable(order.order_id, order.state)


def _wished(now: datetime) -> Entry:
    return Entry(Step.CANCEL, Note.STARTED, 1, now)
