"""An ASGI application served as a component: bound on start, drained on stop, its clients bounded in every way.

Needs `uvicorn[standard]`, which only services that answer HTTP have; nothing else in the kit imports this file.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from meshkit.lifecycle import Background

# The head of a request: its line and all its headers.
MAX_HEAD_BYTES: Final = 32_768
HEAD_TIMEOUT_S: Final = 10.0
# A client that takes nothing of its answer for so long gets no more of it.
WRITE_TIMEOUT_S: Final = 30.0
# Longer than common load balancers keep an idle connection, so that they, not we, close it first.
KEEP_ALIVE_S: Final = 75
# While stopping, connections without a request under way are kept for so long: a client that is about to use one then gets
# its answer, with the word that the connection closes, instead of a reset.
LINGER_S: Final = 1.0
_BACKLOG: Final = 2048


class AsgiServer(Background):
    """Serves `app` on `listen` (port 0 for a free one); put it last, so that it starts last and drains first."""

    def __init__(self, app: Any, listen: str, *, max_connections: int = 4096) -> None:
        super().__init__("http")
        self._app = app
        self._listen = listen
        self._shared = _Shared(max_connections)
        self._server: _Server | None = None
        self._socket: socket.socket | None = None
        self.addresses: dict[str, str] = {}

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return 0 if self._server is None else len(self._server.server_state.connections)

    async def start(self) -> None:
        """Binds the address, then serves in the background; OSError when it is taken."""
        host, _, port = self._listen.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=_BACKLOG)
        self.addresses["http"] = f"{host}:{self._socket.getsockname()[1]}"
        self._server = _Server(self._config())
        await super().start()

    async def stop(self, grace_s: float) -> None:
        """Accepts no more, lets requests under way finish for `grace_s` seconds, then cuts them off."""
        if self._server is not None:
            if self._server.started:
                await self._linger(min(LINGER_S, grace_s / 2))
            self._server.config.timeout_graceful_shutdown = max(1, int(grace_s))
            self._server.should_exit = True
        await super().stop(grace_s + 1.0)
        if self._socket is not None:
            self._socket.close()

    async def run(self) -> None:
        """Serves until stopped."""
        assert self._server is not None
        assert self._socket is not None
        await self._server.serve(sockets=[self._socket])

    async def _linger(self, seconds: float) -> None:
        """No new connections from here on, and each answer is its connection's last."""
        assert self._server is not None
        self._shared.draining = True
        for listener in self._server.servers:
            listener.close()
        if self.connections:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._shared.emptied.wait()

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._app,
            http=type("ServedProtocol", (BoundedProtocol,), {"shared": self._shared}),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )


@dataclass(slots=True)
class _Shared:
    """What all connections of one server know; `emptied` is set when the last one ends while draining."""

    max_connections: int
    draining: bool = False
    emptied: asyncio.Event = field(default_factory=asyncio.Event)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the lifecycle's; and strangers' noise, of which uvicorn warns, is not worth a line each."""
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        yield


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the limits that it lacks: connections, size and time of a head, time to take an answer."""

    shared: _Shared
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # uvicorn asks whether anyone would handle its lines, which the root logger does. They hold whole addresses.
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection, or closes it when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.shared.max_connections:
            transport.close()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Lets go of the timers."""
        self._head_done()
        self._write_done()
        super().connection_lost(exc)
        if self.shared.draining and not self.connections:
            self.shared.emptied.set()

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is made."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken enough."""
        self._write_done()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """The first byte of a request came."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_done()
        super().on_headers_complete()
        if self.shared.draining:
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Feeds the parser; a head that grows too large ends the connection."""
        super().data_received(data)
        if self._head_timer is None:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._refuse, b"408 Request Timeout")

    def _write_done(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: bytes) -> None:
        self._head_done()
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            self.transport.close()
