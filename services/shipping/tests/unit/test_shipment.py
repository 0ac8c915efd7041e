"""A shipment goes only where its state leads, and tells each milestone once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shipping.domain.errors import IllegalTransition
from shipping.domain.shipment import TRANSITIONS, Milestone, Shipment, State, TrackingEvent

from ..builders import NOW, a_labelled_shipment, a_shipment

LATER = NOW + timedelta(seconds=5)


def told(shipment: Shipment, *statuses: str) -> tuple[Shipment, list[Milestone]]:
    """After the carrier has told all of `statuses`."""
    passed: list[Milestone] = []
    for status in statuses:
        shipment, milestones = shipment.tracked(status, LATER, LATER)
        passed += milestones
    return shipment, passed


def test_journey_tells_departure_and_arrival_once() -> None:
    told_twice = ("picked_up", "picked_up", "in_transit", "delivered", "delivered", "in_transit")
    shipment, milestones = told(a_labelled_shipment(), *told_twice)
    assert shipment.state == State.DELIVERED
    assert milestones == [Milestone.DISPATCHED, Milestone.DELIVERED]
    assert [event.status for event in shipment.tracking_events] == [
        "label_created",
        "picked_up",
        "in_transit",
        "delivered",
    ]


def test_missed_pick_up_still_tells_departure() -> None:
    shipment, milestones = told(a_labelled_shipment(), "delivered")
    assert milestones == [Milestone.DISPATCHED, Milestone.DELIVERED]
    assert shipment.tracking_events[-1] == TrackingEvent("delivered", LATER)


@pytest.mark.parametrize("status", ["label_created", "lost", ""])
def test_status_without_news_changes_nothing(status: str) -> None:
    shipment = a_labelled_shipment()
    assert shipment.tracked(status, LATER, LATER) == (shipment, ())


def test_carrier_may_void_until_pick_up_only() -> None:
    voided, _ = told(a_labelled_shipment(), "voided")
    assert voided.state == State.VOIDED
    left, _ = told(a_labelled_shipment(), "picked_up", "voided")
    assert left.state == State.DISPATCHED


def test_final_states_lead_nowhere() -> None:
    assert not TRANSITIONS[State.VOIDED]
    assert not TRANSITIONS[State.DELIVERED]
    with pytest.raises(IllegalTransition):
        a_shipment().voided(NOW).labelled("BN1", "", NOW)


def test_failed_labels_are_tried_again_ever_later_with_a_limit() -> None:
    waits = [
        (a_shipment(label_attempts=n).label_failed(NOW, in_doubt=True, refused=False).due_at - NOW).seconds
        for n in (1, 2, 3, 4, 5, 50)
    ]
    assert waits == [2, 4, 8, 16, 30, 30]
    refused = a_shipment(label_attempts=1).label_failed(NOW, in_doubt=False, refused=True)
    assert refused.due_at - NOW == timedelta(seconds=300)
