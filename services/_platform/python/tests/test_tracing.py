"""One trace through calls, logs and events, with OpenTelemetry or without."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from meshkit import logging, tracing
from meshkit.errors import PlatformError, RemoteError
from meshkit.inbox import InboxConsumer
from meshkit.nats import Nats
from meshkit.outbox import OutboxRelay, add_event
from meshkit.postgres import Database
from meshkit.server import App
from meshkit.testing import eventually, running
from meshkit.tracecontext import TraceContext, current_trace, new_trace, parse

SAY = "/meshkit.test.v1.EchoService/Say"


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    memory = InMemorySpanExporter()
    tracing.enable("test", memory, batch=False)
    yield memory
    tracing.shutdown()


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log lines of this test."""
    stream = io.StringIO()
    logging.configure("echo", "debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.configure("test", "info")


def spans(exporter: InMemorySpanExporter, kind: SpanKind) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.kind is kind]


def ids(span: ReadableSpan) -> tuple[int, int]:
    return span.context.trace_id, span.context.span_id


async def test_ids_reach_the_upstream_without_any_exporter(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    seen: list[TraceContext | None] = []

    async def say(request: Any, context: Any) -> Any:
        seen.append(current_trace())
        return echo.SayReply()

    async with running(echo_app(say)) as (_, channel):
        with tracing.internal_span("start") as start:
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    assert seen[0] is not None
    assert seen[0].trace_id == start.context.trace_id
    assert seen[0].span_id != start.context.span_id


async def test_a_client_span_is_the_parent_of_the_server_span(
    exporter: InMemorySpanExporter, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app()) as (_, channel):
        await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    (client,), (server,) = spans(exporter, SpanKind.CLIENT), spans(exporter, SpanKind.SERVER)
    assert client.name == server.name == "meshkit.test.v1.EchoService/Say"
    assert server.parent is not None
    assert (server.parent.trace_id, server.parent.span_id) == ids(client)
    assert server.attributes is not None
    assert server.attributes["rpc.grpc.status_code"] == "OK"


@pytest.mark.parametrize(
    ("error", "server_status"),
    [
        (RuntimeError("boom"), StatusCode.ERROR),
        (PlatformError("not_found", "NOTHING", "nothing"), StatusCode.UNSET),
    ],
)
async def test_only_our_own_faults_are_errors_of_the_server(
    error: Exception,
    server_status: StatusCode,
    exporter: InMemorySpanExporter,
    echo: SimpleNamespace,
    echo_app: Callable[..., App],
) -> None:
    async def say(request: Any, context: Any) -> Any:
        raise error

    async with running(echo_app(say)) as (_, channel):
        with pytest.raises(RemoteError):
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    assert spans(exporter, SpanKind.SERVER)[0].status.status_code is server_status
    assert spans(exporter, SpanKind.CLIENT)[0].status.status_code is StatusCode.ERROR


async def test_a_consumers_span_is_in_the_producers_trace_and_linked_to_it(
    exporter: InMemorySpanExporter, pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    handled = asyncio.Event()

    async def handler(event: Any, connection: Any) -> None:
        handled.set()

    relay = OutboxRelay("echo", pool, broker)
    consumer = InboxConsumer("diary", "ECHO", {"echo.said": (echo.Said, handler)}, pool, broker)
    await relay.start()
    await consumer.start()
    with tracing.server_span("/shop/Place", None) as producer:
        async with pool.transaction() as connection:
            await add_event(connection, echo.Said(text="hi"), subject="echo.said", entity_id="e1")
    async with asyncio.timeout(10):
        await handled.wait()
    await eventually(lambda: spans(exporter, SpanKind.CONSUMER))
    await consumer.stop(2.0)
    await relay.stop(2.0)
    span = spans(exporter, SpanKind.CONSUMER)[0]
    expected = (int(producer.context.trace_id, 16), int(producer.context.span_id, 16))
    assert span.context.trace_id == expected[0]
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [expected]


async def test_log_lines_carry_the_ids_of_their_call(
    lines: Callable[[], list[dict[str, Any]]], echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async def say(request: Any, context: Any) -> Any:
        logging.get_logger().info("inside", order_id="o1")
        raise RuntimeError("boom")

    async with running(echo_app(say)) as (_, channel):
        with tracing.internal_span("start") as start, pytest.raises(RemoteError):
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    inside = next(line for line in lines() if line["event"] == "inside")
    failed = next(line for line in lines() if line["event"] == "call failed")
    assert inside["trace_id"] == failed["trace_id"] == start.context.trace_id
    assert inside["span_id"] == failed["span_id"]
    assert list(inside)[:4] == ["time", "level", "service", "event"]
    assert (inside["level"], inside["service"], inside["order_id"]) == ("info", "echo", "o1")
    assert (failed["level"], failed["status"], failed["rpc"]) == ("error", "INTERNAL", SAY)
    assert "RuntimeError: boom" in failed["exception"]


async def test_a_refusal_is_no_error_in_the_log(
    lines: Callable[[], list[dict[str, Any]]], echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app()) as (_, channel):
        with pytest.raises(RemoteError):
            await channel.unary(SAY, echo.SayRequest(text=""), echo.SayReply)
    assert [line["event"] for line in lines() if line["level"] == "error"] == []
    refused = next(line for line in lines() if line["event"] == "call refused")
    assert (refused["level"], refused["reason"]) == ("debug", "INVALID_ARGUMENT")


async def test_libraries_log_in_the_same_form(lines: Callable[[], list[dict[str, Any]]]) -> None:
    import logging as stdlib

    stdlib.getLogger("some.library").warning("odd: %s", "thing")
    line = lines()[-1]
    assert (line["event"], line["logger"], line["level"]) == ("odd: thing", "some.library", "warning")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        f"ff-{'a' * 32}-{'b' * 16}-01",
        f"00-{'A' * 32}-{'b' * 16}-01",
    ],
)
def test_a_header_that_is_none_begins_a_new_trace(header: str | None) -> None:
    assert parse(header) is None


def test_a_trace_survives_its_header() -> None:
    trace = new_trace()
    assert parse(trace.traceparent) == trace
    unsampled = parse(f"00-{'a' * 32}-{'b' * 16}-00")
    assert unsampled is not None
    assert not unsampled.sampled
    assert unsampled.child().traceparent.endswith("-00")
