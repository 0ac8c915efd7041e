"""Answers on the wire: the headers that every answer has, and how a body is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.exchange import Exchange, Header, Send
from gateway.problems import Problem

JSON: Final[Header] = (b"content-type", b"application/json")
# An API's answers are for their caller alone and are never run, framed or guessed at by a browser.
SECURITY: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
# Swagger's page runs its own script and style, from here and nowhere else.
_DOCS_POLICY: Final = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; frame-ancestors 'none'"
)
DOCS_PATH: Final = "/docs"
DOCS_SECURITY: Final[tuple[Header, ...]] = tuple(
    (name, _DOCS_POLICY if name == b"content-security-policy" else value) for name, value in SECURITY
)
# Statuses after which what is left of the request is not read.
_CLOSING: Final = frozenset({408, 413})


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, headers and a body; `code` is the reason of a refusal, for the log."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    code: str = ""


def problem_reply(problem: Problem, trace_id: str) -> Reply:
    """The answer for an error."""
    headers = problem.headers()
    if problem.status in _CLOSING:
        headers.append((b"connection", b"close"))
    return Reply(problem.status, tuple(headers), problem.body(trace_id), problem.code)


def trace_headers(exchange: Exchange) -> tuple[Header, Header]:
    """How a caller finds this request in our logs and traces."""
    return (
        (b"traceparent", exchange.traceparent.encode()),
        (b"x-request-id", exchange.trace_id.encode()),
    )


async def send_reply(exchange: Exchange, send: Send, reply: Reply) -> None:
    """Sends an answer whole; to HEAD without its body, but with its length."""
    exchange.status, exchange.code = reply.status, reply.code
    headers: Iterable[Header] = (*reply.headers, *SECURITY, *trace_headers(exchange))
    if reply.status != 204:
        headers = (*headers, (b"content-length", str(len(reply.body)).encode()))
    body = b"" if exchange.http_method == "HEAD" else reply.body
    exchange.bytes_out = len(body)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
