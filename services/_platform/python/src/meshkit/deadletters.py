"""Where events go that could not be handled: the stream `DLQ`, with the reason and the whole event."""

from __future__ import annotations

from typing import Final

from nats.aio.msg import Msg

from meshkit import wire
from meshkit.events import MSG_ID
from meshkit.logging import get_logger
from meshkit.nats import Nats
from meshkit.redaction import redact

STREAM: Final = "DLQ"
_SUBJECTS: Final = ["dlq.>"]
_MAX_REASON_CHARS: Final = 500
log = get_logger()


class DeadLetters:
    """The dead letters of one consumer, on `dlq.<consumer>.<subject>`."""

    def __init__(self, consumer: str, nats: Nats) -> None:
        self._consumer = consumer
        self._nats = nats
        self._stream_made = False

    async def add(self, message: Msg, reason: str) -> None:
        """Stores the event and waits for the acknowledgement; raises when the broker does not give one."""
        if not self._stream_made:
            await self._nats.ensure_stream(STREAM, list(_SUBJECTS))
            self._stream_made = True
        headers = {name: value for name, value in (message.headers or {}).items() if _carried(name)}
        headers[wire.DLQ_REASON_HEADER] = _one_line(redact(reason))
        headers[wire.DLQ_CONSUMER_HEADER] = self._consumer
        if event_id := headers.get("ce-id"):
            # With its place: a letter that is sent again and fails again is another one, which the broker must not drop.
            headers[MSG_ID] = f"{self._consumer}.{event_id}.{message.metadata.sequence.stream}"
        subject = f"dlq.{self._consumer}.{message.subject}"
        await self._nats.jetstream.publish(subject, message.data, headers=headers, timeout=5)
        log.error("event dead-lettered", consumer=self._consumer, subject=message.subject, event_id=event_id)


def _carried(name: str) -> bool:
    """Everything but the broker's own instructions, which were for the first stream."""
    return not name.lower().startswith("nats-")


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:_MAX_REASON_CHARS]
