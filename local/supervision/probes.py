"""Readiness probes that need no library: one HTTP GET, one line of a text protocol."""

from __future__ import annotations

import asyncio
import json

from local.supervision.spec import NotReadyError, Probe

TIMEOUT_S = 2.0
MAX_ANSWER = 64 * 1024


async def exchange(address: str, request: bytes, until: bytes | None = None) -> bytes:
    """Sends bytes to `host:port` and returns the answer, up to `until` or the end of the stream."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _exchange(address, request, until)
    except TimeoutError:
        raise NotReadyError(f"{address} did not answer within {TIMEOUT_S:g} s") from None


async def _exchange(address: str, request: bytes, until: bytes | None) -> bytes:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        await writer.drain()
        return await (reader.readuntil(until) if until else reader.read(MAX_ANSWER))
    finally:
        writer.close()


def http_ok(address: str, path: str) -> Probe:
    """Ready when GET answers 200. The reason for any other answer is taken from its JSON body when there is one."""
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()

    async def probe() -> None:
        answer = await exchange(address, request)
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1:2]
        if status != [b"200"]:
            raise NotReadyError(_reason(body) or f"{path} answers {b''.join(status).decode()}")

    return probe


def _reason(body: bytes) -> str:
    """The part of a /readyz body that tells what is missing, in one line."""
    start, end = body.find(b"{"), body.rfind(b"}")
    try:
        parsed = json.loads(body[start : end + 1])
    except ValueError:
        return ""
    for key in ("reasons", "reason", "checks", "error"):
        if parsed.get(key):
            value = parsed[key]
            return value if isinstance(value, str) else json.dumps(value)
    return ""


def line_answer(address: str, request: bytes, expected: bytes) -> Probe:
    """Ready when the last line of the answer to `request` is `expected`, for protocols such as Redis's."""

    async def probe() -> None:
        answer = await exchange(address, request, expected + b"\r\n")
        if not answer.endswith(expected + b"\r\n"):
            raise NotReadyError(answer.decode("utf-8", "replace").strip())

    return probe
