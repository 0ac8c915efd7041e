"""A public method called: request bound, upstream asked within the budget, answer encoded."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.message import Message

from gateway.auth import Authenticator, Caller
from gateway.body import read_body
from gateway.catalog import Route
from gateway.clients import Mesh
from gateway.exchange import Exchange, Header
from gateway.policies import deadline, idempotency
from gateway.policies.disconnect import abandoned_when_client_leaves
from gateway.reply import JSON, Reply
from gateway.transcode.binding import HTTP_BODY, REQUEST_ID
from gateway.transcode.encode import JsonEncoder
from meshkit import access
from meshkit.context import call_scope
from meshkit.wire import REPLAYED_KEY

STATUS_KEY: Final = "banyan-http-status"
LOCATION_KEY: Final = "banyan-location"
SESSION_KEY: Final = "banyan-session"
_STATUS: Final = re.compile(r"20[0-6]")
_LOCATION: Final = re.compile(r"/[\x21-\x7e]{0,500}")
_REPLAYED: Final[Header] = (b"idempotency-replayed", b"true")
_SAFE: Final = frozenset({"GET", "HEAD"})


class Invoker:
    """Answers requests to the catalogue's routes."""

    def __init__(self, mesh: Mesh, authenticator: Authenticator, encoder: JsonEncoder) -> None:
        self._mesh = mesh
        self._authenticator = authenticator
        self._encoder = encoder

    async def answer(self, route: Route, segments: Sequence[str], exchange: Exchange) -> Reply:
        """The answer; raises errors of the shape that `problems.problem_of` reads."""
        headers = exchange.headers
        budget_s = deadline.budget_s(route.budget_s, headers.get(deadline.HEADER))
        expires_at = exchange.started + budget_s
        caller = await self._authenticator.caller(headers)
        exchange.user_id = caller.identity.user_id
        access.check(route.access, caller.identity)
        key = (
            idempotency.request_id(route.idempotency, headers.get(idempotency.HEADER))
            if route.idempotency
            else ""
        )
        body = await read_body(exchange, expires_at) if route.body else b""
        request = route.binder.bind(segments, exchange.query, body, headers.get(b"content-type", b""))
        if key:
            setattr(request, REQUEST_ID, key)
        if exchange.http_method in _SAFE:
            with abandoned_when_client_leaves(exchange.receive):
                return await self._call(route, request, caller, expires_at, exchange)
        return await self._call(route, request, caller, expires_at, exchange)

    async def _call(
        self, route: Route, request: Message, caller: Caller, expires_at: float, exchange: Exchange
    ) -> Reply:
        session = ((SESSION_KEY, caller.session_id),) if caller.session_id else ()
        started = time.monotonic()
        try:
            with call_scope(caller.identity, expires_at):
                response = await self._mesh[route.upstream].call(
                    route.rpc, request, route.response_type, metadata=session
                )
        finally:
            exchange.upstream_seconds = time.monotonic() - started
        return self._reply(route, response.message, response.initial_metadata)

    def _reply(self, route: Route, message: Any, metadata: Mapping[str, str]) -> Reply:
        status, headers = route.http_status, [JSON]
        given = metadata.get(STATUS_KEY)
        if given is not None and _STATUS.fullmatch(given):
            status = int(given)
        location = metadata.get(LOCATION_KEY)
        if location is not None and _LOCATION.fullmatch(location):
            headers.append((b"location", location.encode()))
        if metadata.get(REPLAYED_KEY) == "true":
            headers.append(_REPLAYED)
        if status == 204:
            return Reply(status, tuple(headers[1:]), b"")
        if route.response_body:
            message = getattr(message, route.response_body)
        return self._encoded(status, headers, message)

    def _encoded(self, status: int, headers: list[Header], message: Any) -> Reply:
        if message.DESCRIPTOR.full_name == HTTP_BODY:
            media_type = message.content_type.encode("latin-1", "replace")
            return Reply(status, ((b"content-type", media_type), *headers[1:]), message.data)
        return Reply(status, tuple(headers), self._encoder.bytes_of(message))
