"""What the edge adds to each request and keeps from it: identity, time, traces, limits."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from banyan.product.v1 import product_service_pb2 as product_pb
from gateway.body import MAX_BODY_BYTES
from gateway.bootstrap import build
from gateway.policies.request_log import RequestLog
from meshkit import asgi, live
from meshkit.asgi import MAX_HEAD_BYTES, AsgiServer
from meshkit.server import Server
from meshkit.testing import eventually, running
from services.gateway.tests.conftest import gateway_settings, http_address
from services.gateway.tests.tokens import USER_ID
from services.gateway.tests.upstreams import Upstreams

ID = "0198c1f0-0000-7000-8000-000000000000"
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_identity_from_outside_never_passes(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    forged = {
        "banyan-user": "someone",
        "banyan-roles": "staff",
        "banyan-session": "x",
        "Banyan-Guest": "g" * 16,
    }
    await client.get("/v1/cart", headers=forged)
    metadata = upstreams.metadata_of("GetCart")
    assert not {"banyan-user", "banyan-roles", "banyan-session"} & set(metadata)
    assert metadata["banyan-guest"] == "g" * 16
    await client.get("/v1/cart", headers={**forged, **bearer.customer})
    metadata = upstreams.metadata_of("GetCart")
    assert (metadata["banyan-user"], metadata["banyan-roles"]) == (USER_ID, "customer")
    assert metadata["banyan-session"] == "session-1"


async def test_a_bad_token_is_refused_on_public_routes_too(
    client: httpx2.AsyncClient, upstreams: Upstreams
) -> None:
    for path in ("/v1/products", f"/v1/views/products/{ID}"):
        response = await client.get(path, headers={"Authorization": "Bearer nonsense"})
        assert (response.status_code, response.json()["code"]) == (401, "TOKEN_INVALID")
        assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert not upstreams.requests_of("ListProducts")


async def test_a_key_becomes_the_request_id(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    await client.delete(f"/v1/products/{ID}", headers={**bearer.staff, "Idempotency-Key": "once"})
    await client.delete(f"/v1/products/{ID}", headers=bearer.staff)
    given, made = upstreams.requests_of("DeleteProduct")
    assert given.request_id == "once"
    assert len(made.request_id) == 36


async def test_two_keys_are_refused_even_when_both_are_good(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    lines = [*bearer.staff.items(), ("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    response = await client.delete(f"/v1/products/{ID}", headers=lines)
    assert (response.status_code, response.json()["code"]) == (400, "IDEMPOTENCY_KEY_INVALID")
    assert not upstreams.requests_of("DeleteProduct")


async def test_an_order_without_a_key_is_refused(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    response = await client.post("/v1/orders", json={}, headers=bearer.customer)
    assert (response.status_code, response.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert not upstreams.requests_of("PlaceOrder")


async def test_a_trace_is_continued_inside_and_told_outside(
    client: httpx2.AsyncClient, upstreams: Upstreams
) -> None:
    sent = f"00-{TRACE}-b7ad6b7169203331-01"
    response = await client.get(f"/v1/products/{ID}", headers={"traceparent": sent})
    assert response.headers["traceparent"].split("-")[1] == TRACE
    assert response.headers["x-request-id"] == TRACE
    assert upstreams.metadata_of("GetProduct")["traceparent"].split("-")[1] == TRACE


async def test_every_answer_is_safe_for_browsers(client: httpx2.AsyncClient) -> None:
    for path in (f"/v1/products/{ID}", "/nothing", "/openapi.json", "/v1/users/me"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


async def test_the_budget_bounds_the_request(client: httpx2.AsyncClient, upstreams: Upstreams) -> None:
    remaining: list[float] = []

    async def never(_request: Any, context: Any) -> Any:
        remaining.append(context.remaining_s())
        await asyncio.Event().wait()

    upstreams.answers["GetProduct"] = never
    response = await client.get(f"/v1/products/{ID}", headers={"Banyan-Timeout-Ms": "150"})
    assert (response.status_code, response.json()["code"]) == (504, "DEADLINE_EXCEEDED")
    assert remaining[0] < 0.15


async def test_a_read_is_given_up_when_its_client_leaves(
    gateway: Server, client: httpx2.AsyncClient, upstreams: Upstreams
) -> None:
    begun, given_up = asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _context: Any) -> Any:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    upstreams.answers["GetProduct"] = slow
    reading = asyncio.create_task(client.get(f"/v1/products/{ID}"))
    async with asyncio.timeout(5):
        await begun.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await asyncio.wait_for(given_up.wait(), 0.8)  # sooner than its deadline of 1 s


async def test_a_mutation_is_finished_although_its_client_leaves(
    client: httpx2.AsyncClient, upstreams: Upstreams
) -> None:
    begun, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _context: Any) -> Any:
        begun.set()
        await go_on.wait()
        finished.set()
        raise RuntimeError("nobody reads this")

    upstreams.answers["PutItem"] = slow
    writing = asyncio.create_task(client.put(f"/v1/cart/items/{ID}", json={"quantity": 1}))
    async with asyncio.timeout(5):
        await begun.wait()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        go_on.set()
        await finished.wait()


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_too_large_is_413(client: httpx2.AsyncClient, declared: bool) -> None:
    async def chunks() -> Any:
        for _ in range(MAX_BODY_BYTES // 65_536 + 2):
            yield b" " * 65_536

    content: Any = b" " * (MAX_BODY_BYTES + 1) if declared else chunks()
    response = await client.post(
        "/v1/sessions", content=content, headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")


async def raw(gateway: Server, data: bytes) -> bytes:
    """What the gateway answers to bytes, until it closes."""
    host, _, port = gateway.addresses["http"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


async def test_headers_without_end_are_cut_off(gateway: Server) -> None:
    head = b"GET /v1/products HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * (2 * MAX_HEAD_BYTES)
    assert (await raw(gateway, head)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_that_does_not_come_is_408(gateway: Server) -> None:
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    more = b"Content-Length: 100\r\nBanyan-Timeout-Ms: 100\r\n\r\n{"
    assert (await raw(gateway, head + more)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_does_not_come_is_408(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "HEAD_TIMEOUT_S", 0.05)
    async with running(build(gateway_settings("127.0.0.1:1"))) as edge:
        for sent in (b"", b"GET /v1/products HTTP/1.1\r\nHost:"):
            assert (await raw(edge.server, sent)).startswith(b"HTTP/1.1 408 ")


async def test_connections_above_the_limit_are_closed(upstreams: Upstreams) -> None:
    async with running(build(gateway_settings("127.0.0.1:1", max_connections=1))) as edge:
        host, _, port = edge.server.addresses["http"].rpartition(":")
        _, first = await asyncio.open_connection(host, int(port))
        try:
            assert await raw(edge.server, b"") == b""
        finally:
            first.close()


async def test_a_client_that_takes_no_answer_is_cut_off(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "WRITE_TIMEOUT_S", 0.05)
    app = build(gateway_settings("127.0.0.1:1"))
    async with running(app) as edge:
        host, _, port = edge.server.addresses["http"].rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        http = next(part for part in app.components if isinstance(part, AsgiServer))
        await eventually(lambda: http.connections == 1)
        await eventually(lambda: http.connections == 0)
        writer.transport.abort()


async def test_noise_is_400_and_the_gateway_lives_on(gateway: Server, client: httpx2.AsyncClient) -> None:
    assert (await raw(gateway, b"\x16\x03\x01\x02\x00\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert (await client.get("/v1/products")).status_code == 200


async def test_more_requests_than_fit_are_told_to_come_back(upstreams: Upstreams) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _context: Any) -> Any:
        begun.set()
        await go_on.wait()
        return product_pb.GetProductResponse()

    upstreams.answers["GetProduct"] = slow
    async with running(upstreams.app()) as behind:
        settings = gateway_settings(behind.server.addresses["grpc"], max_concurrent_requests=1)
        async with (
            running(build(settings)) as edge,
            httpx2.AsyncClient(base_url=http_address(edge.server)) as client,
        ):
            first = asyncio.create_task(client.get(f"/v1/products/{ID}"))
            await begun.wait()
            refused = await client.get(f"/v1/products/{ID}")
            go_on.set()
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert (await first).status_code == 200


async def test_the_limit_is_changed_while_requests_run(
    upstreams: Upstreams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.02)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _context: Any) -> Any:
        begun.set()
        await go_on.wait()
        return product_pb.GetProductResponse()

    async def refused() -> bool:
        path = f"/v1/products/{ID}"
        return (await client.get(path, headers={"Banyan-Timeout-Ms": "50"})).status_code == 503

    file = tmp_path / "live.json"
    upstreams.answers["GetProduct"] = slow
    async with running(upstreams.app()) as behind:
        settings = gateway_settings(behind.server.addresses["grpc"], live_file=file)
        async with (
            running(build(settings)) as edge,
            httpx2.AsyncClient(base_url=http_address(edge.server)) as client,
        ):
            first = asyncio.create_task(client.get(f"/v1/products/{ID}"))
            await begun.wait()
            assert not await refused()
            file.write_text('{"max_concurrent_requests": 1}')
            async with asyncio.timeout(10):
                while not await refused():
                    assert not first.done()
            go_on.set()
            assert (await first).status_code == 200


async def test_the_gateway_starts_and_answers_without_its_upstreams() -> None:
    async with (
        running(build(gateway_settings("127.0.0.1:1"))) as edge,
        httpx2.AsyncClient(base_url=http_address(edge.server), timeout=10) as client,
    ):
        response = await client.get(f"/v1/products/{ID}", headers={"Banyan-Timeout-Ms": "300"})
        assert response.status_code in (503, 504)
        assert (await client.get("/openapi.json")).status_code == 200
        token = await client.get("/v1/users/me", headers={"Authorization": "Bearer e30.e30.e30"})
        assert token.status_code in (401, 503)


async def test_a_request_under_way_is_finished_while_the_gateway_stops(upstreams: Upstreams) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _context: Any) -> Any:
        begun.set()
        await go_on.wait()
        return product_pb.GetProductResponse()

    upstreams.answers["GetProduct"] = slow
    async with running(upstreams.app()) as behind:
        server = Server(build(gateway_settings(behind.server.addresses["grpc"])))
        await server.start()
        async with httpx2.AsyncClient(base_url=http_address(server)) as client:
            request = asyncio.create_task(client.get(f"/v1/products/{ID}"))
            await begun.wait()
            stopping = asyncio.create_task(server.stop(delay_s=0, grace_s=5))
            await eventually(lambda: not server.readiness.ready)
            go_on.set()
            assert (await request).status_code == 200
            await stopping
            with pytest.raises(httpx2.ConnectError):
                await client.get("/v1/products")


async def test_busy_clients_lose_no_request_while_the_gateway_stops(upstreams: Upstreams) -> None:
    async with running(upstreams.app()) as behind:
        server = Server(build(gateway_settings(behind.server.addresses["grpc"])))
        await server.start()
        answered = 0

        async def ask_until_refused() -> None:
            nonlocal answered
            async with httpx2.AsyncClient(base_url=http_address(server)) as client:
                while True:
                    try:
                        response = await client.get(f"/v1/products/{ID}")
                    except httpx2.ConnectError:
                        return  # not accepted, so nothing was lost
                    assert response.status_code == 200
                    answered += 1

        asking = [asyncio.create_task(ask_until_refused()) for _ in range(4)]
        await eventually(lambda: answered > 20)
        await server.stop(delay_s=0, grace_s=5)
        async with asyncio.timeout(5):
            await asyncio.gather(*asking)


async def metrics(gateway: Server) -> str:
    async with httpx2.AsyncClient() as client:
        return (await client.get(f"http://{gateway.addresses['admin']}/metrics")).text


async def test_requests_are_counted_by_template(gateway: Server, client: httpx2.AsyncClient) -> None:
    await client.get(f"/v1/products/{ID}")
    await client.get("/v1/made/up/path")
    text = await metrics(gateway)
    assert 'http_requests_total{method="GET",route="/v1/products/{product_id}",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert 'http_request_duration_seconds_count{method="GET",route="/v1/products/{product_id}"}' in text
    assert ID not in text
    assert "made/up" not in text


async def test_the_log_lines_have_no_path_no_query_and_no_token(
    upstreams: Upstreams, bearer: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    async with running(upstreams.app()) as behind:
        settings = gateway_settings(behind.server.addresses["grpc"])
        async with (
            running(build(settings, request_log=RequestLog(stream))) as edge,
            httpx2.AsyncClient(base_url=http_address(edge.server)) as client,
        ):
            await client.get(f"/v1/orders/{ID}?pageToken=secret-token", headers=bearer.customer)
            await client.post("/v1/sessions", json={"email": "a@example.com", "password": "hunter22"})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v1/orders/{order_id}", 400),
        ("/v1/sessions", 201),
    ]
    assert lines[0]["user_id"] == USER_ID
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    for secret in ("secret-token", "hunter22", "a@example.com", bearer.customer["Authorization"][7:]):
        assert secret not in stream.getvalue()
        assert secret not in str(ours)
