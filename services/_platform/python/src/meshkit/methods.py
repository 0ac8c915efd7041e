"""RPCs as the kit sees them: a descriptor bound to the coroutine that answers it, without a server."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from meshkit import access, validation
from meshkit.telemetry import SERVER_DURATION, CallTimers


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC and all that is worked out once instead of per call."""

    path: str
    service: str
    name: str
    request_type: type[Message]
    streaming: bool
    access: int
    has_rules: bool
    invoke: Callable[[Any, Any], Any]
    timers: CallTimers


@dataclass(frozen=True, slots=True)
class GrpcService:
    """A servicer bound to its descriptor."""

    full_name: str
    methods: tuple[Method, ...]


def grpc_service(descriptor: ServiceDescriptor, servicer: object) -> GrpcService:
    """Binds each RPC to the servicer's method of the same name.

    A unary RPC needs `async def Rpc(request, context) -> Response`, a server stream an async generator.
    Raises TypeError for a missing or wrongly shaped method, and for client streams, which are not served.
    """
    return GrpcService(
        descriptor.full_name, tuple(_bind(method, servicer, descriptor) for method in descriptor.methods)
    )


def _bind(method: MethodDescriptor, servicer: object, descriptor: ServiceDescriptor) -> Method:
    where = f"{type(servicer).__name__}.{method.name}"
    if method.client_streaming:
        raise TypeError(f"{descriptor.full_name}/{method.name}: client streams are not supported")
    invoke = getattr(servicer, method.name, None)
    if invoke is None:
        raise TypeError(f"{where} is missing: {descriptor.full_name} declares it")
    if method.server_streaming and not inspect.isasyncgenfunction(invoke):
        raise TypeError(f"{where} answers with a stream and must be an async generator")
    if not method.server_streaming and not inspect.iscoroutinefunction(invoke):
        raise TypeError(f"{where} must be an async function")
    return Method(
        path=f"/{descriptor.full_name}/{method.name}",
        service=descriptor.full_name,
        name=method.name,
        request_type=GetMessageClass(method.input_type),
        streaming=method.server_streaming,
        access=access.access_of(method),
        has_rules=validation.has_rules(method.input_type),
        invoke=invoke,
        timers=CallTimers(SERVER_DURATION, descriptor.full_name, method.name),
    )


async def responses_of(method: Method, request: Message, context: Any) -> AsyncIterator[Message]:
    """The responses of a server stream, its generator closed however the loop ends."""
    stream = method.invoke(request, context)
    try:
        async for response in stream:
            yield response
    finally:
        await stream.aclose()
