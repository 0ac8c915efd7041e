"""What each kind of failure of the carrier means: refused, not sent, or in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import httpx2
import pytest
from prometheus_client import REGISTRY

from meshkit.context import deadline_in
from meshkit.testing import eventually
from shipping.adapters.carrier_http import HttpCarrier
from shipping.domain.errors import CarrierRefused, CarrierUnavailable

from ..builders import a_shipment

Answer = (
    Callable[[httpx2.Request], httpx2.Response]
    | Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]
)


def carrier(answer: Answer) -> HttpCarrier:
    """The adapter over a transport that answers as told."""
    transport = httpx2.MockTransport(answer)
    return HttpCarrier("http://carrier", timeout_s=1, max_concurrent=4, transport=transport)


def failing(error: type[httpx2.TransportError]) -> Answer:
    """A transport that fails."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error("boom", request=request)

    return answer


async def doubt(answer: Answer) -> bool:
    """Whether a label may have been made."""
    with pytest.raises(CarrierUnavailable) as caught:
        await carrier(answer).buy_label(a_shipment())
    return caught.value.in_doubt


async def test_failures_before_sending_are_no_doubt() -> None:
    for error in (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        assert not await doubt(failing(error))
    assert not await doubt(lambda _: httpx2.Response(429))


async def test_failures_after_sending_are_doubt() -> None:
    for error in (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.WriteError):
        assert await doubt(failing(error))
    for answer in (
        httpx2.Response(500),
        httpx2.Response(503),
        httpx2.Response(201, content=b"<html>"),
        httpx2.Response(201, json=[]),
        httpx2.Response(201, json={"tracking_number": "BN1"}),
    ):
        assert await doubt(lambda _, answer=answer: answer)


async def test_refusal_is_final() -> None:
    with pytest.raises(CarrierRefused) as caught:
        await carrier(lambda _: httpx2.Response(422)).buy_label(a_shipment())
    assert caught.value.metadata["code"] == "HTTP_422"


async def test_parcel_that_has_left_is_not_voided() -> None:
    assert not await carrier(lambda _: httpx2.Response(409)).void("BN1")


async def test_unusable_trackings_are_unavailable() -> None:
    half = {"trackings": [{"tracking_number": "BN1"}]}
    for answer in (httpx2.Response(400), httpx2.Response(200, json={}), httpx2.Response(200, json=half)):
        with pytest.raises(CarrierUnavailable):
            await carrier(lambda _, answer=answer: answer).trackings(["BN1"])


async def test_shipment_id_is_the_key_and_the_trace_goes_along() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(201, json={"tracking_number": "BN1", "label_url": "http://carrier/BN1"})

    shipment = a_shipment()
    await carrier(answer).buy_label(shipment)
    assert seen[0].headers["idempotency-key"] == shipment.id
    assert seen[0].headers["traceparent"].startswith("00-")
    assert b"Ann Example" not in seen[0].content


async def test_no_request_is_made_without_time_for_it() -> None:
    with deadline_in(0.01):
        assert not await doubt(failing(httpx2.ReadTimeout))


async def test_failing_carrier_is_given_a_rest() -> None:
    calls = 0

    def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal calls
        calls += 1
        return httpx2.Response(503)

    adapter = carrier(answer)
    for _ in range(60):
        with pytest.raises(CarrierUnavailable):
            await adapter.buy_label(a_shipment())
    assert calls < 60


def counted(status: str) -> float:
    """How many labels were asked for and came to this."""
    labels = {"upstream": "carrier", "rpc_method": "buy_label", "grpc_status": status}
    return REGISTRY.get_sample_value("rpc_client_call_duration_seconds_count", labels) or 0.0


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (failing(httpx2.ReadTimeout), "DEADLINE_EXCEEDED"),
        (failing(httpx2.ConnectError), "UNAVAILABLE"),
        (lambda _: httpx2.Response(503), "UNAVAILABLE"),
        (lambda _: httpx2.Response(429), "RESOURCE_EXHAUSTED"),
        (lambda _: httpx2.Response(422), "INVALID_ARGUMENT"),
    ],
)
async def test_what_a_call_came_to_is_counted(answer: Answer, status: str) -> None:
    before = counted(status)
    with pytest.raises((CarrierUnavailable, CarrierRefused)):
        await carrier(answer).buy_label(a_shipment())
    assert counted(status) == before + 1


async def test_a_full_bulkhead_and_an_open_circuit_are_counted_and_nothing_is_sent() -> None:
    sent, release = 0, asyncio.Event()

    async def hang(_: httpx2.Request) -> httpx2.Response:
        nonlocal sent
        sent += 1
        await release.wait()
        return httpx2.Response(503)

    adapter, full, away = carrier(hang), counted("RESOURCE_EXHAUSTED"), counted("UNAVAILABLE")
    many = [asyncio.create_task(adapter.buy_label(a_shipment())) for _ in range(6)]
    await eventually(lambda: counted("RESOURCE_EXHAUSTED") == full + 2)
    assert sent == 4
    release.set()
    assert all(
        isinstance(each, CarrierUnavailable) for each in await asyncio.gather(*many, return_exceptions=True)
    )
    for _ in range(16):
        with pytest.raises(CarrierUnavailable):
            await adapter.buy_label(a_shipment())
    assert sent == 20
    with pytest.raises(CarrierUnavailable) as caught:
        await adapter.buy_label(a_shipment())
    assert (sent, caught.value.in_doubt) == (20, False)
    assert counted("UNAVAILABLE") == away + 21
