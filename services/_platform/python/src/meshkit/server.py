"""Runs one service: bind, start, be ready, drain, stop. The order is written here once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshkit import settings as settings_module
from meshkit import tracing
from meshkit.admin import AdminServer
from meshkit.clock import Clock, SystemClock
from meshkit.health import Check, Readiness
from meshkit.interceptors import chain
from meshkit.lifecycle import Component, Lifecycle, stop_within
from meshkit.live import Live, LiveSettings
from meshkit.logging import announce, get_logger
from meshkit.methods import GrpcService, grpc_service
from meshkit.runtime import GrpcRuntime
from meshkit.settings import ServiceSettings

# Even without a configured delay: a call that arrives just as the port closes would be cancelled, so clients that watch
# our health first get a moment to turn away.
LEAST_DRAIN_DELAY_S = 0.15
log = get_logger()
__all__ = ["App", "Component", "GrpcService", "Server", "grpc_service", "serve"]


@dataclass
class App:
    """Everything a process needs; made by a service's `bootstrap.build`.

    `components` start in the given order and stop in reverse: pools first, consumers last. One may have
    `addresses: Mapping[str, str]`, shown in the ready line. Without `services` no gRPC port is opened. `live` holds the
    settings that change while it runs, when a service has own ones.
    """

    name: str
    settings: ServiceSettings
    services: Sequence[GrpcService] = ()
    components: Sequence[Component] = ()
    readiness: Mapping[str, Check] = field(default_factory=dict)
    clock: Clock | None = None
    live: Live[Any] | None = None

    def __post_init__(self) -> None:
        if self.clock is None:
            self.clock = SystemClock(self.settings.clock_offset_s)
        if self.live is None:
            self.live = Live(self.settings.live_file, LiveSettings)
        self.live.level = self.settings.log_level


class Server:
    """A running `App`."""

    def __init__(self, app: App, *, grpc_listen: str | None = None, admin_listen: str | None = None) -> None:
        settings = app.settings
        self._app = app
        self._lifecycle = Lifecycle([app.live, *app.components] if app.live else app.components)
        self._grpc_listen = grpc_listen or settings.grpc_listen
        self._runtime: GrpcRuntime | None = None
        if app.services:
            proceed = chain(app.name, settings.max_concurrent_rpcs)
            self._runtime = GrpcRuntime(app.services, proceed, settings.max_connection_age_s)
        self._admin = AdminServer(admin_listen or settings.admin_listen, self._live, self._not_ready)
        self.readiness = Readiness(app.readiness, self._publish)
        self.addresses: dict[str, str] = {}

    async def start(self) -> None:
        """Starts components, binds the ports and begins to check readiness; calls are served from here on."""
        await self._admin.start()
        try:
            await self._lifecycle.start()
            if self._runtime is not None:
                self.addresses["grpc"] = await self._runtime.start(self._grpc_listen)
            await self.readiness.start()
            await self.readiness.first_result.wait()
        except BaseException:
            await self.stop(delay_s=0, grace_s=1)
            raise
        self.addresses["admin"] = self._admin.address
        for component in self._app.components:
            self.addresses.update(getattr(component, "addresses", {}))
        announce("ready", **self.addresses)

    async def stop(self, *, delay_s: float | None = None, grace_s: float | None = None) -> None:
        """Drains and stops; takes at most delay + 2 × grace seconds and the margins of each step."""
        settings = self._app.settings
        delay = max(settings.drain_delay_s, LEAST_DRAIN_DELAY_S) if delay_s is None else delay_s
        grace = settings.drain_grace_s if grace_s is None else grace_s
        log.info("draining", delay_s=delay, grace_s=grace)
        await stop_within("readiness", self._not_serving(), 2.0)
        await asyncio.sleep(delay)  # clients and load balancers take note before the port closes
        if self._runtime is not None:
            await stop_within("grpc", self._runtime.stop(grace), grace + 2.0)
        await self._lifecycle.stop(grace)
        await stop_within("admin", self._admin.stop(), 2.0)
        await asyncio.to_thread(tracing.shutdown)
        log.info("stopped")

    async def _not_serving(self) -> None:
        await self.readiness.drain()
        await self.readiness.stop(1.0)

    async def _publish(self, ready: bool) -> None:
        if self._runtime is not None:
            await self._runtime.set_serving(ready)

    def _live(self) -> dict[str, str]:
        dead = self._lifecycle.failures()
        if self.readiness.failure:
            dead.append(self.readiness.failure)
        return {f"task{number}": reason for number, reason in enumerate(dead)}

    def _not_ready(self) -> dict[str, str]:
        return {} if self.readiness.ready else dict(self.readiness.reasons)


async def serve(app: App) -> None:
    """Runs `app` until SIGTERM or SIGINT and drains it; a second signal cuts the draining short."""
    settings = app.settings
    announce("starting", settings=settings_module.describe(settings))
    if settings.otlp_endpoint:
        tracing.enable_otlp(app.name, settings.otlp_endpoint)
    server, asked = Server(app), asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, asked.set)
    try:
        await _start_unless(server, asked)
        await asked.wait()
        asked.clear()
        await _drain(server, asked)
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _start_unless(server: Server, asked: asyncio.Event) -> None:
    """Starts the server; a signal that comes meanwhile cancels the start."""
    starting, stopped = asyncio.ensure_future(server.start()), asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
        await asyncio.gather(starting, return_exceptions=stopped.done())
    finally:
        stopped.cancel()


async def _drain(server: Server, asked_again: asyncio.Event) -> None:
    draining, impatient = asyncio.ensure_future(server.stop()), asyncio.ensure_future(asked_again.wait())
    try:
        await asyncio.wait({draining, impatient}, return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            draining.cancel()
            log.warning("stopped without draining: asked twice")
            return
        await draining
    finally:
        impatient.cancel()
