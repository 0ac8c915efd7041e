"""Events as messages: CloudEvents headers over protobuf data, and the shape a consumer sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from google.protobuf.message import Message

MSG_ID: Final = "Nats-Msg-Id"
CONTENT_TYPE: Final = "application/protobuf"


@dataclass(frozen=True, slots=True)
class Event:
    """One received event. `id` is the producer's UUIDv7; `delivery_count` is 1 at the first delivery."""

    id: str
    subject: str
    type: str
    time: datetime
    entity_id: str
    message: Any
    delivery_count: int


def event_headers(
    *, event_id: str, type_name: str, source: str, time: datetime, entity_id: str, extra: Mapping[str, str]
) -> dict[str, str]:
    """The headers of an event on its way; `extra` holds what was kept with it, such as `traceparent`."""
    return {
        **extra,
        MSG_ID: event_id,
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": type_name,
        "ce-source": source,
        "ce-time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ce-subject": entity_id,
        "content-type": CONTENT_TYPE,
    }


def decode(
    subject: str,
    headers: Mapping[str, str] | None,
    data: bytes,
    message_type: type[Message],
    delivery_count: int,
) -> Event:
    """The event in a broker message.

    Raises ValueError when a header is missing or the type is not `message_type`, DecodeError for other data.
    """
    found = headers or {}
    missing = [name for name in ("ce-id", "ce-type", "ce-time") if not found.get(name)]
    if missing:
        raise ValueError(f"no header {', '.join(missing)}")
    expected = message_type.DESCRIPTOR.full_name
    if found["ce-type"] != expected:
        raise ValueError(f"type {found['ce-type']} where {expected} was expected")
    return Event(
        id=found["ce-id"],
        subject=subject,
        type=expected,
        time=datetime.fromisoformat(found["ce-time"]),
        entity_id=found.get("ce-subject", ""),
        message=message_type.FromString(data),
        delivery_count=delivery_count,
    )
