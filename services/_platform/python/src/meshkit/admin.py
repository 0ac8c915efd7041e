"""The admin port: `/metrics`, `/livez` and `/readyz` over the least HTTP that scrapers and probes need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import orjson
from prometheus_client import REGISTRY, generate_latest

_READ_LIMIT_S: Final = 5.0
_REASON: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Not Ready",
}
_JSON: Final = "application/json"

Report = Callable[[], dict[str, str]]


class AdminServer:
    """Answers GET, one request a connection. `live` and `ready` return what is wrong, by name."""

    def __init__(self, listen: str, live: Report, ready: Report) -> None:
        self._listen = listen
        self._reports: dict[str, Report] = {"/livez": live, "/readyz": ready}
        self._server: asyncio.Server | None = None
        self.address = ""

    async def start(self) -> None:
        """Binds the address; `address` then holds the real one, for port 0."""
        host, _, port = self._listen.rpartition(":")
        self._server = await asyncio.start_server(self._serve, host, int(port), limit=16_384)
        self.address = f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Closes the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_LIMIT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, content_type, body = self._answer(head)
                writer.write(_response(status, content_type, body))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # a port scan or a client that went away: nobody is left to answer
        finally:
            writer.close()

    def _answer(self, head: bytes) -> tuple[int, str, bytes]:
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3:
            return 400, _JSON, b"{}"
        if parts[0] not in (b"GET", b"HEAD"):
            return 405, _JSON, b"{}"
        path = parts[1].split(b"?", 1)[0].decode("ascii", "replace")
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", generate_latest(REGISTRY)
        report = self._reports.get(path)
        if report is None:
            return 404, _JSON, b"{}"
        reasons = report()
        return (503 if reasons else 200), _JSON, orjson.dumps({"ok": not reasons, "reasons": reasons})


def _response(status: int, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {_REASON[status]}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
