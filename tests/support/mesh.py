"""The mesh from outside: started, looked at and stopped by `./banyan`, as a person would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx2

ROOT: Final = Path(__file__).resolve().parent.parent.parent
STAFF: Final = ("staff@banyan.test", "staff of the test mesh")
UP_DEADLINE_S: Final = 900.0  # the first one on a machine builds three services
PORT_SPAN: Final = 500


class RunningMesh:
    """A copy of the mesh that runs in `home`."""

    def __init__(self, home: Path, staff: tuple[str, str] = STAFF) -> None:
        self.home = home
        self.staff = staff

    def run(self, *words: str, deadline_s: float = 120.0, **environment: str) -> str:
        """Runs `./banyan WORDS` for this copy; its output, or an AssertionError that shows it."""
        done = subprocess.run(
            [str(ROOT / "banyan"), *words],
            cwd=ROOT,
            env={**os.environ, "BANYAN_HOME": str(self.home), "NO_COLOR": "1", **environment},
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )
        assert done.returncode == 0, f"banyan {' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def status(self) -> dict[str, Any]:
        """What `status --json` says now."""
        document: dict[str, Any] = json.loads(self.run("status", "--json"))
        return document

    @cached_property
    def first_status(self) -> dict[str, Any]:
        """What `status --json` said first: addresses and the gateway do not change."""
        return self.status()

    @property
    def gateway(self) -> str:
        """The gateway's base URL."""
        return str(self.first_status["base_url"])

    @property
    def logs(self) -> Path:
        """Where the processes' logs lie."""
        return Path(self.first_status["logs"])

    def address(self, name: str, port: str) -> str:
        """`host:port` of one port of one process."""
        return str(self.process(self.first_status, name)["addresses"][port])

    @staticmethod
    def process(status: Mapping[str, Any], name: str) -> dict[str, Any]:
        """One process of a status."""
        found: dict[str, Any] = next(each for each in status["processes"] if each["name"] == name)
        return found

    def ledger(self, name: str, what: str) -> list[dict[str, Any]]:
        """All entries of a stand-in's ledger, page by page."""
        entries: list[dict[str, Any]] = []
        after: str | int | None = ""
        while after is not None:
            url = f"http://{self.address(name, 'http')}/v1/ledger"
            page = httpx2.get(
                url, params={"after": after, "limit": 1000} if after else {"limit": 1000}
            ).json()
            entries.extend(page[what])
            after = page.get("next_after")
        return entries

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What the mail catcher has for an address."""
        url = f"http://{self.address('mail', 'http')}/api/messages"
        messages: list[dict[str, Any]] = httpx2.get(url, params={"to": to}).json()["messages"]
        return messages


@contextmanager
def fresh_mesh(*options: str, **environment: str) -> Iterator[RunningMesh]:
    """Starts a copy of its own with empty books, `options` and `environment` given to `up`; stops it at the end."""
    with tempfile.TemporaryDirectory(prefix="banyan-test-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL's own account walks through it
        mesh = RunningMesh(home)
        staff = {"BANYAN_STAFF_EMAIL": STAFF[0], "BANYAN_STAFF_PASSWORD": STAFF[1]}
        settings = {"CARRIER_STEP_S": "2", **staff, **environment}
        try:
            mesh.run(
                "up",
                "--detach",
                "--port-base",
                str(free_port_base()),
                *options,
                deadline_s=UP_DEADLINE_S,
                **settings,
            )
            yield mesh
        finally:
            mesh.run("down")


def free_port_base() -> int:
    """The base of a block of ports of which none is in use."""
    for base in range(11_000, 32_000, PORT_SPAN):
        if all(_free(base + offset) for offset in (80, 100, 101, 102, 103, 110, 114, 120, 281)):
            return base
    raise AssertionError("there is no free block of ports on this machine")


def _free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
