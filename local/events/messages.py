"""A stored event as people and programs see it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError
from nats.js.api import RawStreamMsg

REASON = "banyan-dlq-reason"
CONSUMER = "banyan-dlq-consumer"
DLQ_STREAM = "DLQ"


@dataclass(frozen=True, slots=True)
class Stored:
    """One message of a stream. `subject` is the event's own, also for a dead letter."""

    stream: str
    sequence: int
    subject: str
    headers: dict[str, str]
    data: bytes

    @classmethod
    def of(cls, stream: str, message: RawStreamMsg) -> Stored:
        """From what the broker gives."""
        headers = dict(message.headers or {})
        subject = message.subject or ""
        if stream == DLQ_STREAM:
            subject = subject.removeprefix(f"dlq.{headers.get(CONSUMER, '')}.")
        return cls(stream, message.seq or 0, subject, headers, message.data or b"")

    def body(self) -> Any:
        """The event as canonical JSON; a sentence instead when it can't be read."""
        kind = self.headers.get("ce-type", "")
        try:
            message = _class_of(kind).FromString(self.data)
        except KeyError:
            return f"unknown type {kind!r}, {len(self.data)} bytes"
        except DecodeError:
            return f"not a {kind}, {len(self.data)} bytes"
        return json_format.MessageToDict(message)

    def as_json(self) -> dict[str, Any]:
        """Everything, for `--json`."""
        return {
            "stream": self.stream,
            "sequence": self.sequence,
            "subject": self.subject,
            "id": self.headers.get("ce-id", ""),
            "type": self.headers.get("ce-type", ""),
            "time": self.headers.get("ce-time", ""),
            "entity": self.headers.get("ce-subject", ""),
            "traceparent": self.headers.get("traceparent", ""),
            "consumer": self.headers.get(CONSUMER, ""),
            "reason": self.headers.get(REASON, ""),
            "data": self.body(),
        }


@cache
def _class_of(kind: str) -> Any:
    """The class of a message type. Raises KeyError for one that no contract has."""
    _load_contracts()
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(kind))


@cache
def _load_contracts() -> None:
    # By their files: the folders of generated code are no packages (they have no __init__), which pkgutil passes over.
    for folder in map(Path, importlib.import_module("banyan").__path__):
        for file in folder.rglob("*_events_pb2.py"):
            importlib.import_module(".".join(("banyan", *file.relative_to(folder).with_suffix("").parts)))
