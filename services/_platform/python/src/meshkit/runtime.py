"""The gRPC server under the servicers; exchangeable, since nothing else knows how calls come in."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit import wire
from meshkit.interceptors import Proceed
from meshkit.methods import GrpcService, Method
from meshkit.rpc import wiring
from meshkit.rpc.handling import OK, Handler, Incoming, Status
from meshkit.rpc.health import SERVICE as HEALTH_SERVICE
from meshkit.rpc.health import Health
from meshkit.rpc.reflection import Reflection
from meshkit.rpc.serving import RpcServer
from meshkit.servercall import ServerCall
from meshkit.status import Failure


class GrpcRuntime:
    """Serves bound services on one address, with health and reflection beside them."""

    def __init__(
        self, services: Sequence[GrpcService], proceed: Proceed, max_connection_age_s: float
    ) -> None:
        names = [service.full_name for service in services]
        self._proceed = proceed
        self._health = Health(names)
        handlers = {method.path: self._handler(method) for service in services for method in service.methods}
        reflection = Reflection([*names, HEALTH_SERVICE])
        self._server = RpcServer(
            {**handlers, **self._health.handlers(), **reflection.handlers()}, max_connection_age_s
        )

    async def start(self, listen: str) -> str:
        """Binds `listen` (port 0 for a free one) and returns the address; NOT_SERVING until `set_serving`."""
        host, _, port = listen.rpartition(":")
        bound = await self._server.start(host.strip("[]"), int(port))
        return f"{host}:{bound}"

    async def set_serving(self, serving: bool) -> None:
        """Tells health watchers and round-robin clients whether to send calls here."""
        self._health.set_serving(serving)

    async def stop(self, grace_s: float) -> None:
        """Accepts no new calls, lets those in flight finish for `grace_s`, then cancels them."""
        self._health.close()
        await self._server.stop(grace_s)

    def _handler(self, method: Method) -> Handler:
        proceed = self._proceed

        async def unary(incoming: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
            call = ServerCall(method, payload, incoming.metadata, incoming.remaining_s)
            response = await proceed(call)
            if call.initial_metadata:
                incoming.send_metadata(call.initial_metadata)
            return response, OK if call.failure is None else _status(call.failure)

        async def stream(incoming: Incoming) -> Status:
            async def send(message: bytes) -> None:
                if call.initial_metadata:
                    incoming.send_metadata(call.initial_metadata)
                    call.initial_metadata.clear()
                await incoming.send(message)

            payload = await anext(incoming.messages(), None)
            if payload is None:
                return Status(wiring.INTERNAL, "the request is missing")
            call = ServerCall(method, payload, incoming.metadata, incoming.remaining_s, send)
            await proceed(call)
            return OK if call.failure is None else _status(call.failure)

        return Handler(stream=stream) if method.streaming else Handler(unary=unary)


def _status(failure: Failure) -> Status:
    return Status(failure.code, failure.message, ((wire.STATUS_DETAILS_KEY, failure.details),))
