"""Deadlines, idempotency keys, the request log and the labels of the metrics."""

from __future__ import annotations

import io
import json

import pytest

from banyan.options.v1 import options_pb2
from gateway.exchange import Exchange
from gateway.policies import deadline, idempotency, request_log
from gateway.policies.request_log import RequestLog
from gateway.transcode.errors import RequestError
from meshkit.testing import eventually
from meshkit.tracecontext import new_trace

OPTIONAL, REQUIRED = int(options_pb2.IDEMPOTENCY_OPTIONAL), int(options_pb2.IDEMPOTENCY_REQUIRED)
WHEN_GIVEN = int(options_pb2.IDEMPOTENCY_WHEN_GIVEN)


@pytest.mark.parametrize(("header", "seconds"), [(None, 2.0), (b"500", 0.5), (b"1", 0.001), (b"9999", 2.0)])
def test_a_caller_may_shorten_the_budget_but_not_stretch_it(header: bytes | None, seconds: float) -> None:
    assert deadline.budget_s(2.0, header) == seconds


@pytest.mark.parametrize("header", [b"0", b"-1", b"1.5", b"", b"x", b"1" * 10, "²".encode()])
def test_a_malformed_budget_is_400(header: bytes) -> None:
    with pytest.raises(RequestError):
        deadline.budget_s(2.0, header)


def test_a_key_is_the_request_id() -> None:
    for policy in (OPTIONAL, REQUIRED, WHEN_GIVEN):
        assert idempotency.request_id(policy, b"order-1!~") == "order-1!~"


def test_a_request_that_may_be_repeated_as_it_is_gets_no_key() -> None:
    assert idempotency.request_id(WHEN_GIVEN, None) == ""


def test_without_a_key_an_optional_one_is_made_and_a_required_one_is_missed() -> None:
    first, second = idempotency.request_id(OPTIONAL, None), idempotency.request_id(OPTIONAL, None)
    assert first != second
    assert first[14] == "7"
    with pytest.raises(RequestError) as caught:
        idempotency.request_id(REQUIRED, None)
    assert (caught.value.status, caught.value.reason) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize("header", [b"", b"a b", b"x" * 129, "ä".encode(), b"a\x7f"])
def test_a_malformed_key_is_400(header: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        idempotency.request_id(OPTIONAL, header)
    assert caught.value.status == 400


def exchange(path: str = "/v1/users/secret@example.com") -> Exchange:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    scope = {"method": "GET", "raw_path": path.encode(), "query_string": b"token=secret"}
    made = Exchange(scope, {b"authorization": b"Bearer secret"}, receive, new_trace())
    made.route, made.status, made.user_id = "/v1/users/{user_id}", 200, "u1"
    made.finish()
    return made


async def test_a_finished_request_becomes_one_line_without_what_is_personal() -> None:
    stream = io.StringIO()
    log = RequestLog(stream)
    await log.start()
    log.add(exchange())
    await eventually(lambda: stream.getvalue().endswith("\n"))
    await log.stop(1)
    line = json.loads(stream.getvalue())
    assert (line["route"], line["status"], line["user_id"]) == ("/v1/users/{user_id}", 200, "u1")
    assert "secret" not in stream.getvalue()


async def test_what_is_left_is_written_at_the_end() -> None:
    stream = io.StringIO()
    log = RequestLog(stream)
    await log.start()
    for _ in range(5):
        log.add(exchange())
    await log.stop(1)
    assert stream.getvalue().count("\n") == 5
    assert log.failure is None


async def test_a_pipe_that_nobody_reads_costs_lines_and_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "MAX_WAITING", 3)
    stream = io.StringIO()
    log = RequestLog(stream)
    for _ in range(10):
        log.add(exchange())
    await log.start()
    await log.stop(1)
    assert stream.getvalue().count("\n") == 3
