"""How a stand-in runs: arguments, JSON log lines, a ready line, an end within two seconds of SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import socket
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.standins._http import HANDLERS
from local.standins._ledger import timestamp

STOP_GRACE_S = 1

Hook = Callable[[], Awaitable[None]]


class StartError(Exception):
    """The process can't start; the text says what to do."""


@dataclass(slots=True)
class StandIn:
    """One stand-in, built but not running: its routes, and what to open and close around them."""

    routes: Sequence[Route]
    start: Hook
    stop: Hook
    middleware: Sequence[Any] = ()
    addresses: dict[str, str] = field(default_factory=dict)


class JsonLines(logging.Formatter):
    """A record as one JSON line; fields come from `extra={"fields": {...}}`."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """RFC 3339 time, level, service, event, then the record's own fields."""
        line: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "service": self._service,
        }
        line |= {"event": record.getMessage(), "trace_id": "", "span_id": ""} | getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, separators=(",", ":"))


def log(event: str, **fields: object) -> None:
    """Writes one line at level info to stderr."""
    logging.getLogger("standin").info(event, extra={"fields": fields})


def parse_address(value: str) -> tuple[str, int]:
    """`host:port` → (host, port); port 0 lets the system choose. For argparse."""
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not host:port")
    return host.strip("[]"), int(port)


def arguments(
    description: str, argv: Sequence[str] | None = None, *, smtp: bool = False
) -> argparse.Namespace:
    """`--listen host:port`, `--data DIR` and, for mail, `--smtp host:port`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--listen", type=parse_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    if smtp:
        parser.add_argument("--smtp", type=parse_address, required=True, metavar="HOST:PORT")
    return parser.parse_args(argv)


def bind(address: tuple[str, int]) -> socket.socket:
    """A bound TCP socket; raises StartError that names the address when it is taken."""
    host, port = address
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise StartError(
            f"can't listen on {host}:{port} ({error.strerror}): stop what uses it, or give another port"
        ) from error
    return sock


def address_of(sock: socket.socket) -> str:
    """host:port of a bound socket."""
    host, port = sock.getsockname()[:2]
    return f"{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn that leaves signals to `serve`, so that SIGTERM ends in exit code 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Does nothing."""
        yield


async def healthz(_: Request) -> JSONResponse:
    """200 while the loop turns."""
    return JSONResponse({"status": "ok"})


def create_app(stand_in: StandIn) -> Starlette:
    """The ASGI application of a stand-in, without a socket."""
    return Starlette(
        routes=[*stand_in.routes, Route("/healthz", healthz)],
        middleware=list(stand_in.middleware),
        exception_handlers=HANDLERS,
    )


async def serve(stand_in: StandIn, sock: socket.socket, data: Path) -> None:
    """Runs until SIGTERM or SIGINT; prints the ready line once connections are taken."""
    config = uvicorn.Config(
        create_app(stand_in),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_GRACE_S,
    )
    server = Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    try:
        await stand_in.start()
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"can't use the data folder {data} ({error}): repair or remove it") from error
    try:
        sock.listen(512)
        log("ready", http=address_of(sock), **stand_in.addresses)
        await server.serve(sockets=[sock])
    finally:
        await stand_in.stop()
    log("stopped")


def run(
    service: str, listen: tuple[str, int], data: Path, build: Callable[[], StandIn], **settings: object
) -> None:
    """The whole life of the process; a start that fails is one clear line and exit code 1."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("uvicorn.error", "uvicorn", "mail.log"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    log("settings", listen=f"{listen[0]}:{listen[1]}", data=str(data), **settings)
    try:
        with bind(listen) as sock, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(build(), sock, data))
    except StartError as error:
        logging.getLogger("standin").error("start failed", extra={"fields": {"reason": str(error)}})
        sys.exit(1)
