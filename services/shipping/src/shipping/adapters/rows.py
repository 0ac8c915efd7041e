"""Domain values as database rows and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import orjson
from asyncpg import Record

from shipping.domain.recipient import Preferences, Recipient
from shipping.domain.shipment import Address, Shipment, Speed, State, TrackingEvent

COLUMNS: Final = (
    "id, order_id, user_id, state, speed, weight_grams, destination, tracking_number, label_url, "
    "tracking_events, label_attempts, label_in_doubt, void_requested, due_at, created_at, updated_at"
)

# What changes in the life of a shipment; the rest is written once.
CHANGING: Final = (
    "state, tracking_number, label_url, tracking_events, label_attempts, label_in_doubt, void_requested, due_at, "
    "updated_at"
)


def shipment_of(row: Record) -> Shipment:
    """A row of `shipments`."""
    events = orjson.loads(row["tracking_events"])
    return Shipment(
        id=str(row["id"]),
        order_id=str(row["order_id"]),
        user_id=row["user_id"],
        state=State(row["state"]),
        speed=Speed(row["speed"]),
        weight_grams=row["weight_grams"],
        destination=_address(orjson.loads(row["destination"])),
        tracking_number=row["tracking_number"],
        label_url=row["label_url"],
        tracking_events=tuple(TrackingEvent(e["status"], datetime.fromisoformat(e["time"])) for e in events),
        label_attempts=row["label_attempts"],
        label_in_doubt=row["label_in_doubt"],
        void_requested=row["void_requested"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def values_of(shipment: Shipment) -> list[Any]:
    """The values of `COLUMNS`, in their order."""
    return [
        shipment.id,
        shipment.order_id,
        shipment.user_id,
        shipment.state.value,
        shipment.speed.value,
        shipment.weight_grams,
        orjson.dumps(asdict(shipment.destination)).decode(),
        shipment.tracking_number,
        shipment.label_url,
        _events_json(shipment),
        shipment.label_attempts,
        shipment.label_in_doubt,
        shipment.void_requested,
        shipment.due_at,
        shipment.created_at,
        shipment.updated_at,
    ]


def changing_values_of(shipment: Shipment) -> list[Any]:
    """The values of `CHANGING`, in their order."""
    return [
        shipment.state.value,
        shipment.tracking_number,
        shipment.label_url,
        _events_json(shipment),
        shipment.label_attempts,
        shipment.label_in_doubt,
        shipment.void_requested,
        shipment.due_at,
        shipment.updated_at,
    ]


def recipient_of(row: Record) -> Recipient:
    """A row of `recipients`."""
    return Recipient(
        customer_id=row["customer_id"],
        addresses=tuple(_address(each) for each in orjson.loads(row["addresses"])),
        preferences=Preferences(
            speed=Speed(row["speed"]) if row["speed"] else None,
            leave_at_door=row["leave_at_door"],
            instructions=row["instructions"],
        ),
        updated_at=row["updated_at"],
    )


def recipient_values(recipient: Recipient) -> list[Any]:
    """customer_id, addresses, speed, leave_at_door, instructions, updated_at."""
    wishes = recipient.preferences
    return [
        recipient.customer_id,
        orjson.dumps([asdict(address) for address in recipient.addresses]).decode(),
        wishes.speed.value if wishes.speed else None,
        wishes.leave_at_door,
        wishes.instructions,
        recipient.updated_at,
    ]


def _events_json(shipment: Shipment) -> str:
    return orjson.dumps(
        [{"status": event.status, "time": event.time.isoformat()} for event in shipment.tracking_events]
    ).decode()


def _address(fields: Mapping[str, Any]) -> Address:
    return Address(**{**fields, "address_lines": tuple(fields["address_lines"])})
