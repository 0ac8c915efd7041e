"""Things to test with, and a carrier whose mood a test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from meshkit.clock import uuid7
from shipping.app.create_shipment import ConfirmedOrder
from shipping.app.ports import Label, Tracking
from shipping.domain.errors import CarrierRefused, CarrierUnavailable
from shipping.domain.shipment import Address, Shipment, Speed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = Address(
    recipient_name="Ann Example",
    address_lines=("Street 1", "Back yard"),
    city="Berlin",
    postal_code="10115",
    country_code="DE",
)


def a_shipment(**changes: Any) -> Shipment:
    """A pending one, due now."""
    made = Shipment(
        id=uuid7(),
        order_id=uuid7(),
        user_id="user-1",
        speed=Speed.STANDARD,
        weight_grams=750,
        destination=ADDRESS,
        created_at=NOW,
        updated_at=NOW,
        due_at=NOW,
    )
    return replace(made, **changes)


def a_labelled_shipment(number: str = "BN1") -> Shipment:
    """One that the carrier knows."""
    return a_shipment().labelled(number, "http://carrier/BN1", NOW)


def an_order(**changes: Any) -> ConfirmedOrder:
    """A confirmed order."""
    made = ConfirmedOrder(
        order_id=uuid7(), user_id="user-1", speed=None, weight_grams=750, destination=ADDRESS
    )
    return replace(made, **changes)


class FakeCarrier:
    """Implements the `Carrier` port; the attributes say how the next calls go."""

    def __init__(self) -> None:
        self.labels: dict[str, Label] = {}
        self.voided: set[str] = set()
        self.statuses: dict[str, Tracking] = {}
        self.down: CarrierUnavailable | None = None
        self.refuses = False
        self.picked_up = False
        self.loses_answers = False

    async def buy_label(self, shipment: Shipment) -> Label:
        """One label per shipment."""
        self._check("buy_label")
        number = f"BN{shipment.id}"
        label = self.labels.setdefault(shipment.id, Label(number, f"http://carrier/{number}"))
        if self.loses_answers:
            raise CarrierUnavailable("buy_label", in_doubt=True)
        return label

    async def void(self, tracking_number: str) -> bool:
        """Agrees until picked up."""
        self._check("void")
        if self.picked_up:
            return False
        self.voided.add(tracking_number)
        return True

    async def trackings(self, tracking_numbers: Sequence[str]) -> Mapping[str, Tracking]:
        """What `statuses` says."""
        self._check("trackings")
        return {number: self.statuses[number] for number in tracking_numbers if number in self.statuses}

    def _check(self, operation: str) -> None:
        if self.down is not None:
            raise self.down
        if self.refuses:
            raise CarrierRefused(operation, "HTTP_400")


class Reports:
    """Collects what the operator is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, str | int]]] = []

    def __call__(self, event: str, **fields: str | int) -> None:
        """One line."""
        self.lines.append((event, fields))
