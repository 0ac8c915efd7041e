"""Dead letters, as the audit needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local.events import broker
from local.events.messages import CONSUMER, DLQ_STREAM, REASON, Stored
from local.events.state import Connection, telling

MAX_LETTERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter."""

    sequence: int
    event_id: str
    consumer: str
    subject: str
    reason: str


async def letters(connection: Connection) -> list[Letter]:
    """The dead letters, oldest first, at most the newest 10,000."""
    with telling("dead letters"):
        return [_letter(each) for each in await broker.last(connection, DLQ_STREAM, MAX_LETTERS)]


def _letter(stored: Stored) -> Letter:
    headers = stored.headers
    return Letter(
        sequence=stored.sequence,
        event_id=headers.get("ce-id", ""),
        consumer=headers.get(CONSUMER, ""),
        subject=stored.subject,
        reason=headers.get(REASON, ""),
    )
