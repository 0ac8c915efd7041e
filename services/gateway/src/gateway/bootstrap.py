"""Composition root: what a gateway process is made of. No work happens before the parts are started."""

from __future__ import annotations

from collections.abc import Sequence

from gateway import catalog
from gateway.app import create_inner
from gateway.auth import Authenticator
from gateway.clients import Mesh, check_upstreams, open_channels
from gateway.edge import Edge
from gateway.invoke import Invoker
from gateway.openapi import Document
from gateway.policies.request_log import RequestLog
from gateway.router import Router
from gateway.settings import GatewayLive, GatewaySettings
from gateway.transcode.decode import JsonDecoder
from gateway.transcode.encode import JsonEncoder
from gateway.views import product_page
from meshkit import App
from meshkit.asgi import AsgiServer
from meshkit.clock import Clock, SystemClock
from meshkit.lifecycle import Component
from meshkit.live import Live


def build(
    settings: GatewaySettings,
    *,
    mesh: Mesh | None = None,
    clock: Clock | None = None,
    request_log: RequestLog | None = None,
) -> App:
    """Everything a process needs; `mesh` puts other callers in the place of the channels.

    Raises CatalogError when the contracts' routes can't be served.
    """
    clock = clock or SystemClock(settings.clock_offset_s)
    channels: Sequence[Component] = ()
    if mesh is None:
        opened = open_channels(settings)
        mesh, channels = opened, list(opened.values())
    encoder = JsonEncoder()
    routes = catalog.routes_of(catalog.public_services(), JsonDecoder())
    check_upstreams(routes, mesh)
    authenticator = Authenticator(mesh["user"], clock)
    request_log = request_log or RequestLog()
    views = [product_page.router(mesh, encoder)]
    inner = create_inner(Document(routes, views).content, views)
    edge = Edge(
        router=Router(routes),
        invoker=Invoker(mesh, authenticator, encoder),
        authenticator=authenticator,
        inner=inner,
        finished=request_log.add,
        max_concurrent=settings.max_concurrent_requests,
    )
    http = AsgiServer(edge, settings.http_listen, max_connections=settings.max_connections)

    def apply(live: GatewayLive) -> None:
        edge.max_concurrent = live.max_concurrent_requests or settings.max_concurrent_requests

    return App(
        name="gateway",
        settings=settings,
        components=[*channels, authenticator.keys, request_log, http],
        clock=clock,
        live=Live(settings.live_file, GatewayLive, apply),
    )
