"""Orders by themselves: legal states and histories, sums that add up, events that tell it once, workflows that end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from typing import Final

from local.audit import table
from local.audit.cases import Entry, Order, OrderCase, Workflow
from local.audit.rules import Rules
from local.audit.verdict import Verdict, Violation, broken, broken_if, judged, unequal

OUTBOX_KEEPS: Final = timedelta(days=6)
"""Published events stay in order's outbox for seven days."""
FINAL_EVENTS: Final = {
    "REJECTED": "order.rejected",
    "CANCELLED": "order.cancelled",
    "FULFILLED": "order.fulfilled",
}


def order_states(case: OrderCase, _: Rules) -> Verdict | None:
    """Each order is in a legal state that its own columns and its workflow agree with."""
    order, flow = case.order, case.workflow
    if order is None:
        return None
    state = order.state
    ever = state in table.BOUGHT or state == "CANCELLING"
    never = state in {"PENDING", "REJECTED"}
    return judged(
        broken_if(state not in table.TRANSITIONS, case.id, "its state is none", state=state),
        broken_if(flow is None, case.id, "it has no workflow", state=state),
        broken_if(
            (state == "REJECTED") != bool(order.rejection_reason),
            case.id,
            "state and reason of rejection disagree",
            state=state,
            reason=order.rejection_reason,
        ),
        broken_if(
            (ever and not order.was_confirmed) or (never and order.was_confirmed),
            case.id,
            "state and time of confirmation disagree",
            state=state,
            confirmed=str(order.was_confirmed),
        ),
        broken_if(
            flow is not None and _disagrees(order, flow),
            case.id,
            "state and workflow disagree",
            state=state,
            workflow=flow.status if flow else "",
        ),
        **{state: 1},
    )


def _disagrees(order: Order, flow: Workflow) -> bool:
    if order.state in table.UNSETTLED:
        return flow.status == "done"
    return order.state in table.UNDONE and flow.status != "done"


def order_histories(case: OrderCase, _: Rules) -> Verdict | None:
    """Each timeline begins with the placing, takes only legal transitions, and ends where the order is."""
    if case.order is None:
        return None
    return judged(*_history(case.id, case.order.state, case.timeline), entries=len(case.timeline))


def _history(order_id: str, state: str, entries: Sequence[Entry]) -> Iterator[Violation]:
    if not entries or (entries[0].step, entries[0].state) != ("place", table.FIRST_STATE):
        yield broken(order_id, "its timeline does not begin with its placing", entries=len(entries))
        return
    for entry in entries:
        if entry.step not in table.STEPS or entry.outcome not in table.OUTCOMES:
            yield broken(order_id, "its timeline has an unknown entry", entry=f"{entry.step} {entry.outcome}")
    path = [each for each, _ in groupby(entry.state for entry in entries)]
    if state != path[-1] and state in table.BY_EVENT:
        path.append(state)
    for source, target in pairwise(path):
        if target not in table.TRANSITIONS.get(source, frozenset()):
            yield broken(order_id, "its timeline has an illegal transition", source=source, target=target)
    if path[-1] != state:
        yield broken(order_id, "its timeline ends elsewhere", order=state, timeline=path[-1])
    succeeded = [entry.step for entry in entries if entry.outcome == "succeeded"]
    last = table.LAST_STEP.get(state)
    if last and last not in succeeded:
        yield broken(order_id, f"it is {state} without the step for it", step=last)
    if "CONFIRMED" in path and not _in_order(table.FORWARD_STEPS, succeeded):
        done = " ".join(step for step in succeeded if step in table.FORWARD_STEPS) or "none"
        yield broken(order_id, "it was confirmed without the steps for it", steps_done=done)
    started = {entry.step for entry in entries if entry.outcome != "compensated"}
    for entry in entries:
        if entry.outcome == "compensated" and entry.step not in started:
            yield broken(order_id, "a step was undone that was never begun", step=entry.step)


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    rest = iter(found)
    return all(step in rest for step in wanted)


def order_sums(case: OrderCase, _: Rules) -> Verdict | None:
    """Lines × price = subtotal, and with shipping the total; no more was paid back than that."""
    order = case.order
    if order is None:
        return None
    return judged(
        unequal(
            case.id,
            "its lines do not add up to its subtotal",
            lines=order.lines_minor,
            subtotal=order.subtotal_minor,
        ),
        unequal(
            case.id,
            "lines and shipping do not add up to the total",
            lines_and_shipping=order.lines_minor + order.shipping_minor,
            total=order.total_minor,
        ),
        broken_if(
            order.refunded_minor > order.total_minor,
            case.id,
            "more was paid back than it cost",
            refunded=order.refunded_minor,
            total=order.total_minor,
        ),
        **{f"total_{order.currency}": order.total_minor},
    )


def order_events(case: OrderCase, rules: Rules) -> Verdict | None:
    """Each order told of its placing, confirmation and end exactly once."""
    order = case.order
    if order is None or rules.now - order.placed_at > OUTBOX_KEEPS:
        return None
    wanted = ["order.placed"]
    if order.was_confirmed:
        wanted.append("order.confirmed")
    if order.state in FINAL_EVENTS:
        wanted.append(FINAL_EVENTS[order.state])
    return judged(
        unequal(
            case.id,
            f"it is {order.state} and did not tell so once",
            due=" ".join(sorted(wanted)),
            told=" ".join(sorted(case.events)) or "nothing",
        ),
        events=len(case.events),
    )


def orders_known(case: OrderCase, _: Rules) -> Verdict | None:
    """Every reservation, payment, charge, shipment and message about an order is of an order that is there."""
    parts = {
        "reservations": len(case.reservations),
        "payments": len(case.payments),
        "charges": len(case.charges),
        "shipments": len(case.shipments),
        "messages": len(case.told),
    }
    if case.order is not None:
        return judged(**parts)
    found = {name: count for name, count in parts.items() if count}
    return judged(broken(case.id, "there is no such order", **found), **parts) if found else None


def workflows_in_time(case: OrderCase, rules: Rules) -> Verdict | None:
    """No workflow is at one step for longer than its limit, and none waits for an operator."""
    flow = case.workflow
    if flow is None:
        return None
    forward = flow.step in table.FORWARD_STEPS
    limit_s = rules.limits.forward_step_s if forward else rules.limits.backward_step_s
    return judged(
        broken_if(
            flow.status == "active" and rules.older(flow.step_started_at, limit_s),
            case.id,
            f"its workflow hangs at {flow.step}",
            for_s=rules.age_s(flow.step_started_at),
            limit_s=int(limit_s),
        ),
        broken_if(
            flow.status == "parked",
            case.id,
            f"its workflow waits for an operator at {flow.step}",
            reason=flow.parked_reason,
            for_s=rules.age_s(flow.step_started_at),
        ),
        **{flow.status: 1},
    )
