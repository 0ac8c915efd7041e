"""Parcels: one for each confirmed order and none for others, as the carrier has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from local.audit import table
from local.audit.cases import OrderCase, ParcelCase, Shipment
from local.audit.rules import Rules
from local.audit.verdict import Verdict, Violation, broken, broken_if, judged, unequal

UNDER_WAY: Final = {"picked_up", "in_transit", "delivered"}
SAYS: Final = {
    "labelled": {"label_created", *UNDER_WAY},
    "dispatched": UNDER_WAY,
    "delivered": {"delivered"},
}
"""State of a shipment → what the carrier may say of its parcel: shipping may lag behind, never be ahead."""


def shipped_once(case: OrderCase, _: Rules) -> Verdict | None:
    """A confirmed order has exactly one shipment, a fulfilled one a delivered one, a rejected or cancelled one none."""
    order = case.settled
    if order is None or any(each.void_requested for each in case.shipments):
        return None
    going = [each for each in case.shipments if each.state != "voided"]
    if order.state in table.UNDONE:
        return judged(
            broken_if(
                bool(going),
                case.id,
                f"it is {order.state} and has a shipment",
                shipments=len(going),
                ids=" ".join(each.shipment_id for each in going),
                due=0,
            ),
            shipments=len(going),
        )
    return judged(
        broken_if(
            len(going) != 1,
            case.id,
            f"it is {order.state} and has not exactly one shipment",
            shipments=len(going),
            due=1,
        ),
        *(_of_order(case.id, order.state, order.shipment_id, shipment) for shipment in going),
        shipments=len(going),
    )


def _of_order(order_id: str, state: str, shipment_id: str, shipment: Shipment) -> Violation | None:
    if shipment_id != shipment.shipment_id:
        return broken(
            order_id,
            "it knows another shipment",
            order=shipment_id or "none",
            shipping=shipment.shipment_id,
        )
    return broken_if(
        (state == "FULFILLED") != (shipment.state == "delivered"),
        order_id,
        "order and shipment are not equally far",
        order=state,
        shipment=shipment.state,
    )


def parcels_agree(case: ParcelCase, _: Rules) -> Verdict | None:
    """Each shipment with a label has exactly that one at the carrier, a voided one none, and each label has a shipment."""
    shipment = case.shipment
    if shipment is not None and shipment.moving:
        return None
    labels = [label for label in case.labels if label.status != "voided"]
    if shipment is None:
        numbers = " ".join(label.number for label in case.labels)
        return judged(broken(case.id, "a label without a shipment", labels=numbers), labels=len(labels))
    return judged(*_problems(shipment, case), shipments=1, labels=len(labels))


def _problems(shipment: Shipment, case: ParcelCase) -> Iterator[Violation | None]:
    live = [label for label in case.labels if label.status != "voided"]
    due = [] if shipment.state == "voided" else [shipment.number]
    yield unequal(
        case.id,
        f"it is {shipment.state} and the carrier's labels are others",
        shipping=" ".join(due) or "none",
        carrier=" ".join(label.number for label in live) or "none",
    )
    for label in live:
        yield broken_if(
            label.status not in SAYS.get(shipment.state, {label.status}),
            case.id,
            "the carrier is not as far",
            shipping=shipment.state,
            carrier=label.status,
        )


def labels_in_time(case: ParcelCase, rules: Rules) -> Verdict | None:
    """No shipment waits for its label, or for the label to be taken back, for longer than its limit."""
    shipment = case.shipment
    if shipment is None:
        return None
    since = shipment.changed_at if shipment.void_requested else shipment.created_at
    return judged(
        broken_if(
            shipment.moving and rules.older(since, rules.limits.label_s),
            case.id,
            "its label is to be taken back" if shipment.void_requested else "it waits for its label",
            for_s=rules.age_s(since),
            limit_s=int(rules.limits.label_s),
        ),
        waiting=int(shipment.moving),
    )
