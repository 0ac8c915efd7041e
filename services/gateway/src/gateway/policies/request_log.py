"""One JSON line for each request, written in the background: a full pipe must not slow a request down."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

from gateway.exchange import Exchange
from meshkit.lifecycle import Background
from meshkit.logging import get_logger

# At 2,000 requests a second this is five seconds of a pipe that nobody reads.
MAX_WAITING: Final = 10_000
# Often enough that a batch fits into a pipe: a longer write waits for the reader.
_FLUSH_INTERVAL_S: Final = 0.05
log = get_logger()


class RequestLog(Background):
    """Collects finished requests and writes them twenty times a second; drops, and counts, what finds no room."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__("request-log")
        self._stream = stream or sys.stderr
        self._waiting: list[Exchange] = []
        self._dropped = 0
        self._filled = asyncio.Event()

    def add(self, exchange: Exchange) -> None:
        """Takes a finished request; never waits."""
        if len(self._waiting) >= MAX_WAITING:
            self._dropped += 1
            return
        self._waiting.append(exchange)
        self._filled.set()

    async def run(self) -> None:
        """Writes until stopped, then what is left."""
        while not self.stopping:
            await self.pause(_FLUSH_INTERVAL_S)
            await self._flush()
            if not self.stopping and not self._waiting:
                await self._idle()
        await self._flush()

    async def _idle(self) -> None:
        """Waits for the next request or for the end."""
        self._filled.clear()
        filled = asyncio.create_task(self._filled.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({filled, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            filled.cancel()
            stopping.cancel()

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        dropped, self._dropped = self._dropped, 0
        if dropped:
            log.warning("request log lines dropped", count=dropped)
        if batch:
            # Lines are made here: in a thread, that work would hold the interpreter for milliseconds at a time.
            await asyncio.to_thread(self._write, b"".join(map(_line, batch)).decode())

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _line(exchange: Exchange) -> bytes:
    """Route template, never the path: paths and queries may hold what is personal."""
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(exchange.finished_at, UTC).isoformat(timespec="milliseconds")[:-6]
        + "Z",
        "level": "error" if exchange.status >= 500 else "info",
        "service": "gateway",
        "event": "request",
        "trace_id": exchange.trace_id,
        "span_id": exchange.span_id,
        "method": exchange.http_method,
        "route": exchange.route,
        "status": exchange.status,
        "duration_ms": round(exchange.seconds * 1000, 2),
        "upstream_ms": round(exchange.upstream_seconds * 1000, 2),
        "bytes_in": exchange.bytes_in,
        "bytes_out": exchange.bytes_out,
    }
    if exchange.user_id is not None:
        line["user_id"] = exchange.user_id
    if exchange.code:
        line["code"] = exchange.code
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
