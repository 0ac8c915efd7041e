"""The echo service that the kit's tests serve, and what they need around it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit.nats import Nats
from meshkit.postgres import Database
from meshkit.server import App, grpc_service
from services._platform.python.tests.echo_process import ROOT, EchoSettings, load_echo

SQL = ROOT / "services" / "_platform" / "sql"


@pytest.fixture(scope="session")
def echo() -> SimpleNamespace:
    """The echo messages by name, and `service`, the descriptor."""
    return load_echo()


@pytest.fixture
def settings() -> EchoSettings:
    """Settings of the echo service, whatever the environment says."""
    return EchoSettings(
        grpc_listen="127.0.0.1:0", admin_listen="127.0.0.1:0", drain_grace_s=5.0, max_concurrent_rpcs=50
    )


Say = Callable[[Any, Any], Awaitable[Any]]


@pytest.fixture
def echo_app(echo: SimpleNamespace, settings: EchoSettings) -> Callable[..., App]:
    """Builds an app whose four unary RPCs all run the given coroutine, plain echo by default."""

    def build(say: Say | None = None, *, name: str = "echo", **more: Any) -> App:
        async def plain(request: Any, context: Any) -> Any:
            return echo.SayReply(text=request.text)

        class Servicer:
            async def Say(self, request: Any, context: Any) -> Any:
                return await (say or plain)(request, context)

            SayAsUser = SayAsStaff = SayInside = Say

            async def Count(self, request: Any, context: Any) -> AsyncIterator[Any]:
                for number in range(request.up_to):
                    yield echo.CountReply(number=number)

        chosen = more.pop("settings", settings)
        return App(name, chosen, [grpc_service(echo.service, Servicer())], **more)

    return build


@pytest.fixture
def platform_database(database: Callable[[Path], str], tmp_path: Path) -> str:
    """A database with nothing but the platform's tables."""
    migrations = tmp_path / "service" / "migrations"
    migrations.mkdir(parents=True)
    shutil.copy(SQL / "0001_platform.sql", migrations)
    (migrations / "0002_effects.sql").write_text(
        "-- migrate:up\nCREATE TABLE effects (id bigserial PRIMARY KEY, what text NOT NULL);\n-- migrate:down\n"
        "DROP TABLE effects;\n"
    )
    return database(migrations.parent)


@pytest.fixture
async def pool(platform_database: str) -> AsyncIterator[Database]:
    """A started pool on that database."""
    database = Database(platform_database, pool_max=4)
    await database.start()
    yield database
    await database.stop(1.0)


@pytest.fixture
async def broker(nats_server: str) -> AsyncIterator[Nats]:
    """A started connection to a broker of this test's own."""
    nats = Nats(nats_server, "test")
    await nats.start()
    await nats.wait_connected()
    yield nats
    await nats.stop(1.0)


async def fetch(address: str, path: str) -> tuple[int, str]:
    """Status and body of a GET on an admin port."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode()
    finally:
        writer.close()


@pytest.fixture
def get() -> Callable[[str, str], Awaitable[tuple[int, str]]]:
    """`get(address, path)`: status and body."""
    return fetch


class EchoProcess:
    """A running echo service, read by its log lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            text = line.decode()
            self.lines.append(json.loads(text) if text.startswith("{") else {"event": text.rstrip()})

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        return [line for line in self.lines if line["event"] == name]

    async def addresses(self) -> dict[str, str]:
        """Waits for the ready line."""
        async with asyncio.timeout(20):
            while not self.events("ready"):
                assert self.process.returncode is None, self.lines
                await asyncio.sleep(0.01)
        return dict(self.events("ready")[0])

    async def in_flight(self) -> bool:
        """Whether it is answering a call now."""
        _, metrics = await fetch((await self.addresses())["admin"], "/metrics")
        return "rpc_server_in_flight 1.0" in metrics

    async def ended(self) -> int:
        """Its exit code, with all its lines read."""
        async with asyncio.timeout(20):
            code = await self.process.wait()
            await self._reading
        return code


@pytest.fixture
async def echo_process() -> AsyncIterator[Callable[..., Awaitable[EchoProcess]]]:
    """Starts echo services as processes; what a test leaves running is killed."""
    started: list[EchoProcess] = []

    async def start(**variables: str) -> EchoProcess:
        own = {"ECHO_GRPC_LISTEN": "127.0.0.1:0", "ECHO_ADMIN_LISTEN": "127.0.0.1:0", **variables}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("echo_process.py")),
            env={**os.environ, **own},
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(EchoProcess(process))
        return started[-1]

    yield start
    for each in started:
        if each.process.returncode is None:
            each.process.send_signal(signal.SIGKILL)
        await each.ended()
