"""Order of start and stop, and what the probes say meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from meshkit.lifecycle import Background, Lifecycle
from meshkit.server import App, Server
from meshkit.tasks import Periodic
from meshkit.telemetry import TASK_FAILURES
from meshkit.testing import eventually, running

Get = Callable[[str, str], Awaitable[tuple[int, str]]]


class Part:
    """A component that notes what happens to it."""

    def __init__(self, name: str, story: list[str], *, start_error: bool = False, stop: str = "well") -> None:
        self.name = name
        self._story, self._start_error, self._stop = story, start_error, stop

    async def start(self) -> None:
        if self._start_error:
            raise RuntimeError(f"{self.name} is broken")
        self._story.append(f"+{self.name}")

    async def stop(self, grace_s: float) -> None:
        self._story.append(f"-{self.name}")
        if self._stop == "raises":
            raise RuntimeError(f"{self.name} does not let go")
        if self._stop == "hangs":
            await asyncio.sleep(3600)


async def test_parts_stop_in_reverse_whatever_they_do() -> None:
    story: list[str] = []
    parts = [
        Part("a", story),
        Part("b", story, stop="raises"),
        Part("c", story, stop="hangs"),
        Part("d", story),
    ]
    lifecycle = Lifecycle(parts)
    await lifecycle.start()
    async with asyncio.timeout(10):
        await lifecycle.stop(0.1)
    assert story == ["+a", "+b", "+c", "+d", "-d", "-c", "-b", "-a"]


async def test_a_part_that_cannot_start_takes_the_others_down_again() -> None:
    story: list[str] = []
    lifecycle = Lifecycle([Part("a", story), Part("b", story, start_error=True), Part("c", story)])
    with pytest.raises(RuntimeError, match="b is broken"):
        await lifecycle.start()
    assert story == ["+a", "-b", "-a"]


async def test_calls_end_before_the_parts_they_use(echo_app: Callable[..., App], echo: Any) -> None:
    story: list[str] = []

    async def say(request: Any, context: Any) -> Any:
        await asyncio.sleep(0.3)
        story.append("answered")
        return echo.SayReply()

    async with running(echo_app(say, components=[Part("pool", story)]), stop_grace_s=5) as (_, channel):
        call = asyncio.create_task(
            channel.unary("/meshkit.test.v1.EchoService/Say", echo.SayRequest(text="x"), echo.SayReply)
        )
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(_stop_early(_, call))
        await call
        await stopping
    assert story[:3] == ["+pool", "answered", "-pool"]


async def _stop_early(server: Server, _: Any) -> None:
    await server.stop(delay_s=0, grace_s=5)


async def test_readiness_follows_its_checks(echo_app: Callable[..., App], get: Get) -> None:
    healthy = False

    async def store() -> None:
        if not healthy:
            raise ConnectionError("no store")

    async with running(echo_app(readiness={"store": store})) as (server, _):
        admin = server.addresses["admin"]
        status, body = await get(admin, "/readyz")
        assert (status, json.loads(body)["reasons"]) == (503, {"store": "ConnectionError: no store"})
        assert (await get(admin, "/livez"))[0] == 200
        healthy = True
        await eventually(lambda: _is_ready(get, admin))
        healthy = False
        await eventually(lambda: _is_not_ready(get, admin))


async def _is_ready(get: Get, admin: str) -> bool:
    return (await get(admin, "/readyz"))[0] == 200


async def _is_not_ready(get: Get, admin: str) -> bool:
    return (await get(admin, "/readyz"))[0] == 503


async def test_grpc_health_says_the_same_as_readyz(echo_app: Callable[..., App]) -> None:
    import grpc.aio
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    healthy = False

    async def store() -> None:
        if not healthy:
            raise ConnectionError("no store")

    async with running(echo_app(readiness={"store": store})) as (server, _):  # noqa: SIM117 - for its address
        async with grpc.aio.insecure_channel(server.addresses["grpc"]) as raw:
            stub = health_pb2_grpc.HealthStub(raw)
            for name in ("", "meshkit.test.v1.EchoService"):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
                assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
            healthy = True

            async def serving() -> bool:
                answer = await stub.Check(health_pb2.HealthCheckRequest())
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

            await eventually(serving)


async def test_reflection_lists_the_services(echo_app: Callable[..., App]) -> None:
    import grpc.aio
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    async with running(echo_app()) as (server, _), grpc.aio.insecure_channel(server.addresses["grpc"]) as raw:
        stub = reflection_pb2_grpc.ServerReflectionStub(raw)
        requests = [reflection_pb2.ServerReflectionRequest(list_services="")]
        answers = [answer async for answer in stub.ServerReflectionInfo(iter(requests))]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"meshkit.test.v1.EchoService", "grpc.health.v1.Health"} <= names


class Doomed(Background):
    """Works until told to die."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__("doomed")
        self.die, self._error = asyncio.Event(), error

    async def run(self) -> None:
        await self.die.wait()
        if self._error:
            raise self._error


@pytest.mark.parametrize(
    ("error", "reason"), [(KeyError("x"), "doomed: KeyError"), (None, "doomed: ended by itself")]
)
async def test_a_dead_background_task_makes_liveness_fail(
    error: Exception | None, reason: str, echo_app: Callable[..., App], get: Get
) -> None:
    doomed = Doomed(error)
    async with running(echo_app(components=[doomed])) as (server, _):
        admin = server.addresses["admin"]
        assert (await get(admin, "/livez"))[0] == 200
        doomed.die.set()
        await eventually(lambda: doomed.failure)
        status, body = await get(admin, "/livez")
        assert (status, list(json.loads(body)["reasons"].values())) == (503, [reason])


async def test_a_failing_periodic_task_is_counted_and_goes_on() -> None:
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ValueError("not yet")

    before = TASK_FAILURES.labels("work")._value.get()
    task = Periodic("work", 0.01, work)
    await task.start()
    await eventually(lambda: runs > 4)
    await task.stop(1.0)
    assert task.failure is None
    assert TASK_FAILURES.labels("work")._value.get() == before + 2


async def test_the_admin_port_answers_only_what_it_knows(echo_app: Callable[..., App], get: Get) -> None:
    async with running(echo_app()) as (server, _):
        admin = server.addresses["admin"]
        status, metrics = await get(admin, "/metrics")
        assert status == 200
        for name in ("rpc_server_in_flight", "rpc_server_shed_total", "process_resident_memory_bytes"):
            assert f"\n{name} " in metrics
        assert (await get(admin, "/nothing"))[0] == 404
        host, _, port = admin.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /metrics HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 405 ")
        writer.close()


async def test_a_service_starts_without_broker_and_database(echo_process: Any, get: Get) -> None:
    service = await echo_process(NATS_URL="nats://127.0.0.1:1", ECHO_WITH_STORES="1")
    addresses = await service.addresses()
    status, body = await get(addresses["admin"], "/readyz")
    assert (status, set(json.loads(body)["reasons"])) == (503, {"database"})
    assert (await get(addresses["admin"], "/livez"))[0] == 200
    service.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(6):
        assert await service.ended() == 0


async def test_start_and_ready_are_told_in_one_line_each(echo_process: Any) -> None:
    service = await echo_process(ECHO_LOG_LEVEL="error", NATS_URL="nats://me:hunter2@127.0.0.1:1")
    ready = await service.addresses()
    assert ready["service"] == "echo"
    assert ready["level"] == "info"
    assert ready["time"].endswith("Z")
    assert [line["event"] for line in service.lines] == ["starting", "ready"]
    settings = service.lines[0]["settings"]
    assert settings["nats_url"] == "nats://***@127.0.0.1:1"
    assert "hunter2" not in json.dumps(service.lines)


async def test_a_port_in_use_ends_the_start_with_1(echo_process: Any) -> None:
    first = await echo_process()
    taken = (await first.addresses())["grpc"]
    second = await echo_process(ECHO_GRPC_LISTEN=taken)
    assert await second.ended() == 1
    assert second.events("could not run")
