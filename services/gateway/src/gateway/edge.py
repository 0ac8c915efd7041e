"""The outermost ASGI application: every request enters and leaves here.

Routes of the catalogue are answered at once, on bytes; all else (documents, views) goes to the FastAPI application
inside, with the same identity, deadline, log line and errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from gateway.auth import Authenticator
from gateway.catalog import DEFAULT_BUDGET_MILLIS, Route
from gateway.exchange import Exchange, Header, Message, Receive, Scope, Send
from gateway.invoke import Invoker
from gateway.policies import deadline
from gateway.policies.metrics import HttpMetrics
from gateway.problems import Problem, problem_of
from gateway.reply import DOCS_PATH, DOCS_SECURITY, SECURITY, Reply, problem_reply, send_reply, trace_headers
from gateway.router import Found, Router
from meshkit import tracing
from meshkit.context import call_scope
from meshkit.logging import get_logger

OVERLOADED: Final = Problem(
    503, "OVERLOADED", "too many requests at the moment; try again", retry_after_s=1.0
)
_INNER_BUDGET_S: Final = DEFAULT_BUDGET_MILLIS / 1000
log = get_logger()

AsgiApp = Callable[[Scope, Receive, Send], Any]


class Edge:
    """Matches, observes, limits; `finished` gets each exchange when it is over."""

    def __init__(
        self,
        *,
        router: Router[Route],
        invoker: Invoker,
        authenticator: Authenticator,
        inner: AsgiApp,
        finished: Callable[[Exchange], None],
        max_concurrent: int,
    ) -> None:
        self._router = router
        self._invoker = invoker
        self._authenticator = authenticator
        self._inner = inner
        self._finished = finished
        self.max_concurrent = max_concurrent
        """Requests at once; more are answered 503. May be changed at any time."""
        self._metrics = HttpMetrics()
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request; other kinds of scope are not served."""
        if scope["type"] != "http":
            raise ValueError(f"no {scope['type']} here")
        headers = _single(scope["headers"])
        traceparent = headers.get(b"traceparent")
        with tracing.server_span(
            scope["method"], traceparent.decode("latin-1") if traceparent else None
        ) as span:
            exchange = Exchange(scope, headers, receive, span.context)
            self._in_flight += 1
            try:
                await self._serve(exchange, scope, send)
            finally:
                self._in_flight -= 1
                exchange.finish()
                span.set_attribute("http.route", exchange.route)
                span.set_attribute("http.response.status_code", exchange.status)
                self._metrics.observe(exchange)
                self._finished(exchange)

    async def _serve(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        try:
            reply = await self._reply(exchange, scope, send)
        except asyncio.CancelledError:  # the process stops and its grace is over
            exchange.status, exchange.code = 499, "CANCELLED"
            raise
        except Exception as error:
            problem = problem_of(error)
            exchange.status, exchange.code = problem.status, problem.code
            if problem.status == 500:
                log.error("request failed", route=exchange.route, exc_info=error)
            if problem.status == 499:
                return  # nobody is left to answer
            reply = problem_reply(problem, exchange.trace_id)
        if reply is not None:
            await send_reply(exchange, send, reply)

    async def _reply(self, exchange: Exchange, scope: Scope, send: Send) -> Reply | None:
        """The answer, or None when it was sent already."""
        if self._in_flight > self.max_concurrent:
            return problem_reply(OVERLOADED, exchange.trace_id)
        method = "GET" if exchange.http_method == "HEAD" else exchange.http_method
        found = self._router.find(method, exchange.path)
        if found.route is not None:
            exchange.route = found.route.template.text
            return await self._invoker.answer(found.route, found.segments, exchange)
        if found.allowed:
            return _other_method(exchange, found)
        await self._answer_inside(exchange, scope, send)
        return None

    async def _answer_inside(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        caller = await self._authenticator.caller(exchange.headers)
        exchange.user_id = caller.identity.user_id
        budget_s = deadline.budget_s(_INNER_BUDGET_S, exchange.headers.get(deadline.HEADER))
        if exchange.http_method == "HEAD":  # the server leaves the body out
            scope = {**scope, "method": "GET"}
        answer = _Inside(exchange, scope, send)
        with call_scope(caller.identity, exchange.started + budget_s):
            await self._inner(scope, exchange.receive, answer.send)


class _Inside:
    """Watches and completes the answers of the application inside."""

    def __init__(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        self._exchange, self._scope, self._send = exchange, scope, send

    async def send(self, message: Message) -> None:
        """Adds the headers that every answer has, unless it has its own."""
        if message["type"] == "http.response.start":
            route = self._scope.get("route")
            path = getattr(route, "path_format", None) or getattr(route, "path", None)
            self._exchange.route = path or self._exchange.route
            self._exchange.status = message["status"]
            own = {name for name, _ in message["headers"]}
            wanted = DOCS_SECURITY if self._exchange.path.startswith(DOCS_PATH) else SECURITY
            extra = [header for header in wanted if header[0] not in own]
            message = {**message, "headers": [*message["headers"], *extra, *trace_headers(self._exchange)]}
        else:
            self._exchange.bytes_out += len(message.get("body", b""))
        await self._send(message)


def _single(lines: Sequence[Header]) -> dict[bytes, bytes]:
    """One value for each name; lines of the same name are joined, as RFC 9110 has it, so that none is overlooked."""
    headers = dict(lines)
    if len(headers) < len(lines):
        for name in headers:
            headers[name] = b", ".join(value for other, value in lines if other == name)
    return headers


def _other_method(exchange: Exchange, found: Found[Route]) -> Reply:
    """A path that exists, asked with a method that it has not; OPTIONS asks which it has."""
    allowed = set(found.allowed) | {"OPTIONS"} | ({"HEAD"} if "GET" in found.allowed else set())
    allow = ", ".join(sorted(allowed))
    if exchange.http_method == "OPTIONS":
        return Reply(204, ((b"allow", allow.encode()),), b"")
    problem = Problem(405, "METHOD_NOT_ALLOWED", f"allowed here: {allow}", allow=allow)
    return problem_reply(problem, exchange.trace_id)
