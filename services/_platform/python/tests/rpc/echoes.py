"""An echo of bytes, served by us or by grpcio, and clients of either kind for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from meshkit.rpc.balancer import Balancer
from meshkit.rpc.client import CallFailed, RpcClient
from meshkit.rpc.handling import OK, Handler, Incoming, Status
from meshkit.rpc.health import Health
from meshkit.rpc.outgoing import Ended
from meshkit.rpc.resolving import Resolver
from meshkit.rpc.retrying import Budget, RetryPolicy
from meshkit.rpc.serving import RpcServer
from meshkit.rpc.subchannel import Address
from meshkit.rpc.timing import Timing

ECHO = "/test.Echo/Echo"
FAIL = "/test.Echo/Fail"
HANG = "/test.Echo/Hang"
MAKE = "/test.Echo/Make"
COUNT = "/test.Echo/Count"
DETAILS = b"\x00\xff details"
MESSAGE = "no: 100 % \N{GREEK SMALL LETTER ALPHA}\n"
QUICK = Timing(resolve_every_s=0.1, connect_s=0.5, keepalive_s=0.2, keepalive_answer_s=0.2)


class Echo:
    """Our handlers, and what they saw."""

    def __init__(self) -> None:
        self.calls = 0
        self.hanging = 0
        self.cancelled = 0
        self.sent = 0
        self.seen: list[dict[str, str]] = []
        self.refuses: Callable[[int], Status | None] = lambda _: None
        self.health = Health(["test.Echo"])
        self.health.set_serving(True)

    def handlers(self, *, health: bool = True) -> dict[str, Handler]:
        """By path."""
        own = {
            ECHO: Handler(unary=self._echo),
            FAIL: Handler(unary=self._fail),
            HANG: Handler(unary=self._hang),
            MAKE: Handler(unary=self._make),
            COUNT: Handler(stream=self._count),
        }
        return {**own, **self.health.handlers()} if health else own

    async def _echo(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
        self.calls += 1
        self.seen.append(dict(call.metadata))
        del self.seen[:-3]
        if refused := self.refuses(self.calls):
            return None, refused
        if "extra" in call.metadata:
            call.send_metadata([("extra", call.metadata["extra"]), ("some-bin", b"\0\1")])
        return payload, OK

    async def _fail(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
        return None, Status(int(payload), MESSAGE, (("grpc-status-details-bin", DETAILS),))

    async def _hang(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
        self.hanging += 1
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.hanging -= 1
        return payload, OK

    async def _make(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
        return bytes(int(payload)), OK

    async def _count(self, call: Incoming) -> Status:
        async for payload in call.messages():
            up_to, size = map(int, payload.split())
            for number in range(up_to):
                await call.send(str(number).encode().ljust(size))
                self.sent = number + 1
        return OK


@asynccontextmanager
async def serving(
    echo: Echo, *, max_age_s: float = 0, health: bool = True, port: int = 0
) -> AsyncIterator[tuple[RpcServer, str]]:
    """Our server and its address."""
    server = RpcServer(echo.handlers(health=health), max_age_s)
    bound = await server.start("127.0.0.1", port)
    try:
        yield server, f"127.0.0.1:{bound}"
    finally:
        echo.health.close()
        await server.stop(0)


class Listed:
    """A resolver that says what a test wants."""

    authority = "listed"
    fixed = False

    def __init__(self, *addresses: str) -> None:
        self.addresses = [as_pair(each) for each in addresses]

    async def resolve(self) -> list[Address]:
        """The list of now."""
        return list(self.addresses)


def as_pair(address: str) -> Address:
    """Host and port."""
    host, _, port = address.rpartition(":")
    return host, int(port)


class Caller:
    """Our client with short words for its calls."""

    def __init__(self, balancer: Balancer, budget: Budget | None) -> None:
        self.balancer = balancer
        self.retries = 0
        self.client = RpcClient(balancer, budget, self._retried)

    def _retried(self) -> None:
        self.retries += 1

    async def ask(
        self,
        path: str = ECHO,
        payload: bytes = b"hi",
        *,
        timeout_s: float = 20.0,
        policy: RetryPolicy | None = None,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        """The response's bytes. Raises CallFailed."""
        response, _ = await self.client.unary(path, payload, metadata, timeout_s, policy)
        return response

    async def failure(self, *arguments: Any, **more: Any) -> Ended:
        """How a call failed; it must."""
        try:
            answered = await self.ask(*arguments, **more)
        except CallFailed as failed:
            return failed.ended
        raise AssertionError(f"answered with {answered[:50]!r}")


@asynccontextmanager
async def calling(
    *addresses: str, timing: Timing | None = None, budget: Budget | None = None, resolver: Any = None
) -> AsyncIterator[Caller]:
    """Our client for these addresses, or those that `resolver` tells."""
    chosen = resolver or Resolver("ipv4:" + ",".join(addresses))
    caller = Caller(Balancer("test", chosen, timing), budget)
    try:
        yield caller
    finally:
        await caller.client.stop(0)


class GrpcEcho(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The same echo for a grpcio server."""

    def service(self, details: Any) -> Any:
        """What answers a method."""
        unary = {ECHO: self._echo, FAIL: self._fail, HANG: self._hang, MAKE: self._make}
        if details.method in unary:
            return grpc.unary_unary_rpc_method_handler(unary[details.method])
        return grpc.unary_stream_rpc_method_handler(self._count) if details.method == COUNT else None

    async def _echo(self, request: bytes, context: Any) -> bytes:
        given = dict(context.invocation_metadata())
        if "extra" in given:
            await context.send_initial_metadata((("extra", given["extra"]), ("some-bin", b"\0\1")))
        return request

    async def _fail(self, request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("grpc-status-details-bin", DETAILS),))
        code = next(each for each in grpc.StatusCode if each.value[0] == int(request))
        await context.abort(code, MESSAGE)
        raise AssertionError("abort raises")

    async def _hang(self, request: bytes, context: Any) -> bytes:
        await asyncio.get_running_loop().create_future()
        return request

    async def _make(self, request: bytes, context: Any) -> bytes:
        return bytes(int(request))

    async def _count(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        up_to, size = map(int, request.split())
        for number in range(up_to):
            yield str(number).encode().ljust(size)


@asynccontextmanager
async def grpc_serving(*options: tuple[str, Any], port: int = 0) -> AsyncIterator[tuple[Any, str]]:
    """A grpcio server, without a health service, and its address."""
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((GrpcEcho(),))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield server, f"127.0.0.1:{bound}"
    finally:
        await server.stop(0)
