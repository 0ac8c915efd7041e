"""The gRPC server under the servicers: the only file that serves with `grpc.aio`, to be exchangeable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from meshkit import wire
from meshkit.interceptors import Proceed
from meshkit.methods import GrpcService, Method
from meshkit.servercall import ServerCall

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
# Calls on a connection that has reached its age may still finish for this long.
_AGE_GRACE_S: Final = 30.0


class GrpcRuntime:
    """Serves bound services on one address, with health and reflection beside them."""

    def __init__(
        self, services: Sequence[GrpcService], proceed: Proceed, max_connection_age_s: float
    ) -> None:
        self._services = services
        self._proceed = proceed
        self._max_connection_age_s = max_connection_age_s
        self._server: grpc.aio.Server | None = None
        self._health: Any = None

    async def start(self, listen: str) -> str:
        """Binds `listen` (port 0 for a free one) and returns the address; NOT_SERVING until `set_serving`."""
        self._server = grpc.aio.server(options=self._options())
        for service in self._services:
            handlers = {method.name: self._handler(method) for method in service.methods}
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service.full_name, handlers),)
            )
        self._health = health.aio.HealthServicer()
        await self.set_serving(False)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [service.full_name for service in self._services]
        reflection.enable_server_reflection(
            [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server
        )
        port = self._server.add_insecure_port(listen)
        await self._server.start()
        return f"{listen.rpartition(':')[0]}:{port}"

    def _options(self) -> list[tuple[str, int]]:
        return [
            ("grpc.max_connection_age_ms", int(self._max_connection_age_s * 1000)),
            ("grpc.max_connection_age_grace_ms", int(_AGE_GRACE_S * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
            ("grpc.so_reuseport", 0),
        ]

    async def set_serving(self, serving: bool) -> None:
        """Tells health watchers and round-robin clients whether to send calls here."""
        status = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", *(service.full_name for service in self._services)):
            await self._health.set(name, status)

    async def stop(self, grace_s: float) -> None:
        """Accepts no new calls, lets those in flight finish for `grace_s`, then cancels them."""
        if self._server is not None:
            await self._server.stop(grace_s)

    def _handler(self, method: Method) -> grpc.RpcMethodHandler:
        if method.streaming:
            return grpc.unary_stream_rpc_method_handler(self._stream(method))
        return grpc.unary_unary_rpc_method_handler(self._unary(method))

    def _unary(self, method: Method) -> Callable[[bytes, Any], Awaitable[bytes | None]]:
        proceed = self._proceed

        async def serve(payload: bytes, context: Any) -> bytes | None:
            call = ServerCall(method, payload, dict(context.invocation_metadata()), context.time_remaining())
            response = await proceed(call)
            if call.initial_metadata:
                await context.send_initial_metadata(tuple(call.initial_metadata))
            if call.failure is not None:
                await _abort(call, context)
            return response

        return serve

    def _stream(self, method: Method) -> Callable[[bytes, Any], Awaitable[None]]:
        proceed = self._proceed

        async def serve(payload: bytes, context: Any) -> None:
            async def send(message: bytes) -> None:
                if call.initial_metadata:
                    await context.send_initial_metadata(tuple(call.initial_metadata))
                    call.initial_metadata.clear()
                await context.write(message)

            metadata = dict(context.invocation_metadata())
            call = ServerCall(method, payload, metadata, context.time_remaining(), send)
            await proceed(call)
            if call.failure is not None:
                await _abort(call, context)

        return serve


async def _abort(call: ServerCall, context: Any) -> None:
    assert call.failure is not None
    context.set_trailing_metadata(((wire.STATUS_DETAILS_KEY, call.failure.details),))
    await context.abort(_CODES[call.failure.code], call.failure.message)
