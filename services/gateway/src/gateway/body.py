"""Reads a request's body: bounded in size and in time."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from gateway.exchange import Exchange
from gateway.transcode.errors import RequestError

MAX_BODY_BYTES: Final = 1_048_576


class ClientGone(Exception):
    """The client left before it had sent its request or got its answer."""

    kind = "cancelled"
    reason = "CLIENT_CLOSED_REQUEST"


async def read_body(exchange: Exchange, deadline: float) -> bytes:
    """The whole body. Raises RequestError 413 above 1 MiB, 408 at the deadline (monotonic), or ClientGone."""
    declared = exchange.headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            return await _receive_all(exchange)
    except TimeoutError:
        raise RequestError(408, "REQUEST_TIMEOUT", "the body did not come in time") from None


async def _receive_all(exchange: Exchange) -> bytes:
    chunks: list[bytes] = []
    more_body = True
    while more_body:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("the client left")
        chunk = message.get("body", b"")
        exchange.bytes_in += len(chunk)
        if exchange.bytes_in > MAX_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
        more_body = message.get("more_body", False)
    return b"".join(chunks)


def _too_large() -> RequestError:
    return RequestError(413, "BODY_TOO_LARGE", f"a body is at most {MAX_BODY_BYTES} bytes")
