"""A keep-alive HTTP client that costs little, so that what is measured is the mesh."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Self

import httptools

DEADLINE_S = 30.0


@dataclass
class _Answer:
    """Collects one response as httptools calls its methods."""

    body: bytearray = field(default_factory=bytearray)
    done: bool = False

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self.body += data

    def on_message_complete(self) -> None:
        """The end of the response."""
        self.done = True


class Connection:
    """One connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connects to `host:port`."""
        host, _, port = address.rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)), address)

    async def request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Sends one request and reads its answer within 30 s: status and body."""
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}", f"content-length: {len(payload)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append("content-type: application/json")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)
        answer = _Answer()
        parser = httptools.HttpResponseParser(answer)
        async with asyncio.timeout(DEADLINE_S):
            while not answer.done:
                data = await self._reader.read(65536)
                if not data:
                    raise ConnectionError(f"{method} {path}: the gateway closed the connection")
                parser.feed_data(data)
        return parser.get_status_code(), bytes(answer.body)

    async def json(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Like `request`, for calls that prepare a measurement: an error status is a RuntimeError."""
        status, answer = await self.request(method, path, body, headers)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer[:500].decode(errors='replace')}")
        document: dict[str, Any] = json.loads(answer) if answer else {}
        return document

    def close(self) -> None:
        """Ends the connection."""
        self._writer.close()
