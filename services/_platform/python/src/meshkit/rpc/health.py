"""The standard health service, `grpc.health.v1.Health`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2 as pb

from meshkit.rpc import wiring
from meshkit.rpc.handling import OK, Handler, Incoming, Status

SERVICE: Final = "grpc.health.v1.Health"
NOT_FOUND: Final = 5


class Health:
    """The states of a server's services; "" is the whole server."""

    def __init__(self, services: Iterable[str]) -> None:
        self._states = dict.fromkeys(("", *services), pb.HealthCheckResponse.NOT_SERVING)
        self._changed: asyncio.Future[None] | None = None
        self._closed = False

    def set_serving(self, serving: bool) -> None:
        """Changes all states together and tells the watchers."""
        response = pb.HealthCheckResponse
        state = response.SERVING if serving else response.NOT_SERVING
        self._states = dict.fromkeys(self._states, state)
        self._tell()

    def close(self) -> None:
        """Ends the watchers' streams, which have no end of their own."""
        self._closed = True
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None

    def handlers(self) -> dict[str, Handler]:
        """By path."""
        return {
            f"/{SERVICE}/Check": Handler(unary=self._check),
            f"/{SERVICE}/Watch": Handler(stream=self._watch),
        }

    async def _check(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
        state = self._states.get(_service(payload))
        if state is None:
            return None, Status(NOT_FOUND, "unknown service")
        return _response(state), OK

    async def _watch(self, call: Incoming) -> Status:
        async for payload in call.messages():
            return await self._report(call, _service(payload))
        return Status(wiring.INTERNAL, "no request")

    async def _report(self, call: Incoming, service: str) -> Status:
        told: int | None = None
        while not self._closed:
            state = self._states.get(service, pb.HealthCheckResponse.SERVICE_UNKNOWN)
            if state != told:
                told = state
                await call.send(_response(state))
                continue
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._changed)
        return Status(wiring.UNAVAILABLE, "the server is going away")


def _service(payload: bytes) -> str:
    try:
        return str(pb.HealthCheckRequest.FromString(payload).service)
    except DecodeError:
        return "\0malformed"


def _response(state: int) -> bytes:
    return bytes(pb.HealthCheckResponse(status=state).SerializeToString())
