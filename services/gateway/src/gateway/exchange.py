"""One request being answered, as the edge's parts see it: what came, and what the log and the metrics will tell."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from meshkit.tracecontext import TraceContext

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

UNMATCHED: Final = "unmatched"


class Exchange:
    """The state of one request. `route` is a template; `code` the reason of a refusal."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "code",
        "finished_at",
        "headers",
        "http_method",
        "path",
        "query",
        "receive",
        "route",
        "seconds",
        "span_id",
        "started",
        "status",
        "trace_id",
        "traceparent",
        "upstream_seconds",
        "user_id",
    )

    def __init__(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, trace: TraceContext
    ) -> None:
        self.started = time.monotonic()
        self.http_method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("ascii")
        self.query: bytes = scope["query_string"]
        self.headers = headers
        self.receive = receive
        self.trace_id = trace.trace_id
        self.span_id = trace.span_id
        self.traceparent = trace.traceparent
        self.route = UNMATCHED
        self.user_id: str | None = None
        self.code = ""
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.upstream_seconds = 0.0
        self.seconds = 0.0
        self.finished_at = 0.0

    def finish(self) -> None:
        """Takes the time, and lets go of what the log does not need."""
        self.seconds = time.monotonic() - self.started
        self.finished_at = time.time()
        self.headers = {}
        del self.receive
