"""PostgreSQL: one cluster for all services, made by initdb once, on loopback TCP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil

from local.errors import LocalError
from local.home import Home
from local.secrets import Secrets
from local.stores import BEGIN_ANEW, account, damaged
from local.supervision.spec import NotReadyError, Probe, ProcessSpec
from local.topology import HOST, address, ports

SUPERUSER = "postgres"
MAJOR = "18"
LEFTOVERS_DEADLINE_S = 15.0
INITDB_DEADLINE_S = 120
CONNECT_DEADLINE_S = 5.0

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "48MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_senders": "0",
    # After a crash, what was logged since the last checkpoint is replayed before anybody may connect: 12 s of it after
    # 11 minutes of 6 orders a second. More often costs log: a page goes into it whole when first changed after a checkpoint.
    "checkpoint_timeout": "5min",
    "max_wal_size": "1GB",
    "checkpoint_completion_target": "0.9",
    "autovacuum_max_workers": "2",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "[%p] %q%u@%d ",
    "password_encryption": "scram-sha-256",
    "dynamic_shared_memory_type": "mmap",
}
"""Durable like production; small, because it shares a laptop with everything else."""


def url(role: str, password: str, database: str, base: int) -> str:
    """postgres://role:password@127.0.0.1:port/database"""
    return f"postgres://{role}:{password}@{address('postgres', 'sql', base)}/{database}"


async def create_cluster(home: Home, secrets: Secrets) -> bool:
    """Runs initdb when there is no cluster yet; True when it did. A half-made one is made again."""
    folder = account.data_folder(home.path)
    version = folder / "PG_VERSION"
    complete = folder / "banyan.complete"
    if complete.exists():
        _check_version(folder, version)
        if not secrets.known("postgres"):
            raise LocalError(
                f"{home.secrets_file} is gone, so the databases in {folder} can't be opened: "
                f"restore it, or {BEGIN_ANEW}"
            )
        await leftovers_end(folder)
        remove_stale_pid(folder)
        return False
    if version.exists():
        await asyncio.to_thread(shutil.rmtree, folder)
    user = account.server_user()
    account.own(folder, user)
    await _initdb(folder, user, secrets.get("postgres"))
    complete.touch()
    return True


def _check_version(folder: Path, version: Path) -> None:
    try:
        found = version.read_text().strip()
    except OSError:
        found = "none"
    if found != MAJOR:
        raise LocalError(
            f"the PostgreSQL data in {folder} is damaged or of another version "
            f"(found {found}, need {MAJOR}): {BEGIN_ANEW}"
        )


@contextlib.contextmanager
def _password_file(password: str, user: str | None) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", prefix="banyan-") as file:
        file.write(password)
        file.flush()
        if user:
            shutil.chown(file.name, user)
        yield file.name


async def _initdb(folder: Path, user: str | None, password: str) -> None:
    with _password_file(password, user) as password_file:
        command = [
            str(account.server_binaries() / "initdb"),
            f"--pgdata={folder}",
            f"--username={SUPERUSER}",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            user=user,
            env={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
        )
        async with asyncio.timeout(INITDB_DEADLINE_S):
            output, _ = await process.communicate()
    if process.returncode != 0:
        lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
        words = next(
            (line for line in lines if "error" in line or "space" in line), lines[-1] if lines else ""
        )
        raise LocalError(f"the PostgreSQL cluster could not be made in {folder}: {words}")


async def leftovers_end(folder: Path) -> None:
    """Waits for the last processes of a server that was killed: while one is there, a new server refuses to start."""
    try:
        async with asyncio.timeout(LEFTOVERS_DEADLINE_S):
            while left := await asyncio.to_thread(_processes_in, folder):  # noqa: ASYNC110 - they tell nobody of their end
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise LocalError(
            f"PostgreSQL processes of an earlier run still use {folder} (pid {', '.join(map(str, left))}): end them first"
        ) from None


def _processes_in(folder: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres":
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()) == folder:
                    found.append(process.pid)
    return found


def remove_stale_pid(folder: Path) -> None:
    """After a crash the pid in postmaster.pid may be a stranger's by now, and would keep the server from starting."""
    file = folder / "postmaster.pid"
    try:
        pid = int(file.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        holder = psutil.Process(pid)
        # A killed server that nobody has reaped yet still answers signals, and a new one would take it for alive.
        if holder.name().startswith("postgres") and holder.status() != psutil.STATUS_ZOMBIE:
            return
    file.unlink(missing_ok=True)


def probe(base: int, password: str) -> Probe:
    """Ready when the superuser can log in."""

    async def check() -> None:
        try:
            connection = await connect(base, password)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise NotReadyError(str(error)) from error
        await connection.close()

    return check


async def connect(base: int, password: str, database: str = SUPERUSER) -> asyncpg.Connection:
    """A superuser's connection."""
    return await asyncpg.connect(
        host=HOST,
        port=ports("postgres", 0, base)["sql"],
        user=SUPERUSER,
        password=password,
        database=database,
        timeout=CONNECT_DEADLINE_S,
        ssl=False,
    )


def spec(home: Home, secrets: Secrets, base: int) -> ProcessSpec:
    """The server process. SIGINT is its fast shutdown: clients are cut, everything is written."""
    folder = account.data_folder(home.path)
    settings = SETTINGS | {"port": str(ports("postgres", 0, base)["sql"])}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ProcessSpec(
        name="postgres",
        kind="store",
        command=(str(account.server_binaries() / "postgres"), "-D", str(folder), *options),
        environment={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        directory=Path("/"),
        probe=probe(base, secrets.get("postgres")),
        language="c",
        addresses={"sql": address("postgres", "sql", base)},
        user=account.server_user(),
        stop_signal=signal.SIGINT,
        stop_grace_s=20.0,
        hint=damaged(folder),
    )
