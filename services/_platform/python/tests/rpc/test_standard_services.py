"""Health and reflection as other people's tools ask for them; errors in full."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from meshkit.errors import PlatformError
from meshkit.server import App
from meshkit.testing import running

SERVICE = "meshkit.test.v1.EchoService"
SERVING = health_pb2.HealthCheckResponse.SERVING
Build = Callable[..., App]


async def test_health_is_checked(echo_app: Build) -> None:
    async with running(echo_app()) as (server, _), channel_to(server) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name), timeout=20)
            assert answer.status == SERVING
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=20)
        assert raised.value.code() == grpc.StatusCode.NOT_FOUND


async def test_health_is_watched_to_the_end(echo_app: Build) -> None:
    async with running(echo_app()) as (server, _), channel_to(server) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        unknown = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="nobody"), timeout=60
        )
        assert (await watch.read()).status == SERVING
        assert (await unknown.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        assert server._runtime is not None
        await server._runtime.set_serving(False)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        await server._runtime.set_serving(True)
        assert (await watch.read()).status == SERVING
        await server._runtime.stop(1.0)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await watch.read()
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_services_are_listed(echo_app: Build) -> None:
    async with running(echo_app()) as (server, _), channel_to(server) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=20
        )
        answer = await call.read()
        names = {each.name for each in answer.list_services_response.service}
        assert {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= names


def test_a_service_is_described_with_all_that_it_imports(reflected_server: str) -> None:
    with grpc.insecure_channel(reflected_server) as channel:
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        service = pool.FindServiceByName(SERVICE)
        request = service.FindMethodByName("Say").input_type
        assert request.full_name == "meshkit.test.v1.SayRequest"
        assert [field.name for field in request.fields][:2] == ["text", "items"]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"file_containing_symbol": "no.such.Thing"}, 5),
        ({"file_by_filename": "no/such.proto"}, 5),
        ({"all_extension_numbers_of_type": "no.such.Thing"}, 5),
        ({"file_containing_extension": {"containing_type": "google.protobuf.MethodOptions"}}, 5),
        ({}, 3),
    ],
)
async def test_what_is_not_there(echo_app: Build, question: dict[str, Any], code: int) -> None:
    async with running(echo_app()) as (server, _), channel_to(server) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(**question)]), timeout=20
        )
        assert (await call.read()).error_response.error_code == code


async def test_extensions_are_found(echo_app: Build) -> None:
    async with running(echo_app()) as (server, _), channel_to(server) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(timeout=20)
        options = "google.protobuf.MethodOptions"
        await call.write(reflection_pb2.ServerReflectionRequest(all_extension_numbers_of_type=options))
        numbers = (await call.read()).all_extension_numbers_response.extension_number
        assert numbers
        wanted = reflection_pb2.ExtensionRequest(containing_type=options, extension_number=numbers[0])
        await call.write(reflection_pb2.ServerReflectionRequest(file_containing_extension=wanted))
        assert (await call.read()).file_descriptor_response.file_descriptor_proto


async def test_errors_carry_their_details(echo: SimpleNamespace, echo_app: Build) -> None:
    async def say(request: Any, context: Any) -> Any:
        raise PlatformError("failed_precondition", "TOO_LATE", "too late", metadata={"by": "2 s"})

    async with running(echo_app(say)) as (server, _), channel_to(server) as channel:
        call = channel.unary_unary(f"/{SERVICE}/Say")(
            echo.SayRequest(text="hi").SerializeToString(), timeout=20
        )
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        status = await grpc_status_of(raised.value, call)
        info = error_details_pb2.ErrorInfo()
        assert (status.message, status.details[0].Unpack(info)) == ("too late", True)
        assert (info.reason, info.domain, info.metadata["by"]) == ("TOO_LATE", "echo.banyan", "2 s")


async def grpc_status_of(error: Any, call: Any) -> Any:
    """What grpcio-status makes of the trailers."""
    trailers = await call.trailing_metadata()
    code, details = await call.code(), await call.details()
    found = rpc_status.from_call(
        SimpleNamespace(trailing_metadata=lambda: tuple(trailers), code=lambda: code, details=lambda: details)
    )
    assert found is not None
    return found


def channel_to(server: Any) -> Any:
    """grpcio's channel to a running server."""
    return grpc.aio.insecure_channel(server.addresses["grpc"])
