"""`./banyan` as a process: up, status, down, Ctrl-C, kill -9 — with one real service and its stores."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.home import Home
from local.paths import ROOT
from local.stores import account
from local.tests.aid import alive, eventually, free_port_base

pytestmark = pytest.mark.timeout(180)
UP_S = 120


class Copy:
    """One copy of the mesh, with `product` only, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.base = str(free_port_base())
        self.environment = os.environ | {"BANYAN_HOME": str(home), "NO_COLOR": "1"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs one command to its end."""
        return subprocess.run(
            [str(ROOT / "banyan"), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=UP_S,
            check=False,
        )

    def up(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`up product` with more words."""
        return self.run("up", "product", "--port-base", self.base, *words)

    def status(self) -> dict[str, Any]:
        """`status --json`."""
        answer: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return answer

    def family(self) -> list[int]:
        """All process ids of the copy."""
        status = self.status()
        return [status["supervisor_pid"], *(pid for row in status["processes"] for pid in row["pids"])]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = Copy(tmp_path / "home")
    yield made
    made.run("down", "--wipe")


def gone(pids: list[int]) -> None:
    """None of them is left."""
    asyncio.run(eventually(lambda: not any(alive(pid) for pid in pids), "all are gone", 5.0))


def test_up_detached_then_status_control_and_down(copy: Copy) -> None:
    started = copy.up("--detach")
    assert started.returncode == 0, started.stderr
    assert "curl" not in started.stdout  # there is no gateway to try
    status = copy.status()
    rows = {row["name"]: row for row in status["processes"]}
    assert set(rows) == {"postgres", "nats", "product"}
    assert {row["state"] for row in rows.values()} == {"ready"}
    assert {row["kind"] for row in rows.values()} == {"store", "service"}
    assert set(rows["product"]["addresses"]) == {"grpc", "admin"}
    assert (Path(status["logs"]) / "product.jsonl").exists()
    again = copy.up("--detach")
    assert again.returncode == 1
    assert again.stderr.startswith("banyan: the mesh of ")
    assert len(again.stderr.strip().splitlines()) == 1
    assert copy.run("stop", "product").returncode == 0
    assert {row["state"] for row in copy.status()["processes"] if row["name"] == "product"} == {"stopped"}
    assert copy.run("start", "product-1").returncode == 0
    assert copy.run("dsn", "product").stdout.startswith("postgres://product:")
    assert '"event"' in copy.run("logs", "product", "--json").stdout
    pids = copy.family()
    assert copy.run("down").returncode == 0
    gone(pids)
    assert "nothing is running" in copy.run("status").stderr


def test_a_dead_service_comes_back_and_status_counts_it(copy: Copy) -> None:
    assert copy.up("--detach").returncode == 0
    (before,) = [row for row in copy.status()["processes"] if row["name"] == "product"]
    os.kill(before["pids"][0], signal.SIGKILL)

    def back() -> bool:
        (now,) = [row for row in copy.status()["processes"] if row["name"] == "product"]
        return bool(now["restarts"] == 1 and now["state"] == "ready" and now["pids"][0] != before["pids"][0])

    asyncio.run(eventually(back, "product is back", 60))


def test_killing_the_supervisor_leaves_nothing_and_the_next_up_works(copy: Copy) -> None:
    assert copy.up("--detach").returncode == 0
    pids = copy.family()
    assert len(pids) > 3
    os.kill(pids[0], signal.SIGKILL)
    gone(pids)
    assert copy.up("--detach").returncode == 0


def test_ctrl_c_stops_everything(copy: Copy) -> None:
    foreground = subprocess.Popen(
        [str(ROOT / "banyan"), "up", "product", "--port-base", copy.base],
        env=copy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert foreground.stdout is not None
    with foreground.stdout as output:
        said = ""
        while "Ctrl-C" not in said:
            line = output.readline()
            assert line, said
            said += line
        pids = copy.family()
        foreground.send_signal(signal.SIGINT)
        said += output.read()
    assert foreground.wait(60) == 0
    assert "stopped" in said
    gone(pids)


def test_wipe_forgets_everything_also_where_root_keeps_it(copy: Copy) -> None:
    assert copy.up("--detach").returncode == 0
    cluster = account.data_folder(copy.home.path)
    assert (cluster / "PG_VERSION").exists()
    assert copy.run("down", "--wipe").returncode == 0
    assert not cluster.exists()
    assert not copy.home.data.exists()
    assert not copy.home.secrets_file.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("up", "prodct"), "no service is called 'prodct': did you mean product?"),
        (("up", "--replicas", "product=99"), "--replicas 'product=99'"),
        (("stauts",), "no verb is called 'stauts': did you mean status?"),
        (("up", "--port-base", "80"), "--port-base 80"),
        (("status",), "nothing is running"),
        (("stop", "gatway"), "no process is called 'gatway': did you mean gateway?"),
        (("dsn", "product"), "has no such store yet"),
        (("test", "unt"), "no kind of test is called 'unt'"),
        (("up", "--nope"), "No such option"),
        (("bench", "--rolling", "--seconds", "3"), "leave --seconds out"),
    ],
)
def test_mistakes_get_one_line_that_says_what_to_do(
    copy: Copy, words: tuple[str, ...], sentence: str
) -> None:
    done = copy.run(*words)
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_verb_starts_fast_when_nothing_changed(copy: Copy) -> None:
    """The launcher itself: two stats and an exec. Measured as processor time, which a busy machine changes little."""
    copy.run("status")
    before = psutil.Process().cpu_times()
    began = time.monotonic()
    copy.run("status")
    after = psutil.Process().cpu_times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    assert used < 3.0, f"{used:.2f} s of processor time, {time.monotonic() - began:.2f} s in all"
