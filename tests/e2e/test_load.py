"""`./banyan load` against a running shop: exit codes, a report that one can look at, and locust's page with the services."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.support.eventually import eventually
from tests.support.mesh import ROOT, RunningMesh, free_port_base
from tests.support.topology import NAMES

Json = dict[str, Any]
FIRST_S: Final = 240.0
"""The first one makes locust's environment."""
pytestmark = pytest.mark.timeout(FIRST_S + 60)


def words_and_variables(mesh: RunningMesh, *words: str) -> tuple[list[str], dict[str, str]]:
    email, password = mesh.staff
    variables = {
        "BANYAN_HOME": str(mesh.home),
        "BANYAN_STAFF_EMAIL": email,
        "BANYAN_STAFF_PASSWORD": password,
        "NO_COLOR": "1",
    }
    return [str(ROOT / "banyan"), "load", *words], {**os.environ, **variables}


def load(mesh: RunningMesh, *words: str) -> subprocess.CompletedProcess[str]:
    command, variables = words_and_variables(mesh, *words)
    return subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=FIRST_S, check=False
    )


def test_a_run_is_watched_and_reported(mesh: RunningMesh, tmp_path: Path) -> None:
    report = tmp_path / "run.html"
    done = load(
        mesh, "signal-product", "--people", "0.5", "--stretch", "0.2", "--slack", "0", "--report", str(report)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = report.read_text()
    assert page.count("<svg") == 2 + len(NAMES), "all together, the load, and each service"
    assert "<svg" in report.with_suffix(".svg").read_text()
    figures = json.loads(report.with_suffix(".json").read_text())
    assert set(figures["services"]) == set(NAMES)
    (total,) = [each for each in figures["entries"] if each["name"] == "Aggregated"]
    assert total["requests"] > 100
    product = figures["services"]["product"]
    (signal_seen,) = product["signals"]
    reads = max(value for _, value in signal_seen["points"])
    assert 10 < reads < 60, "25 reads a second were meant"
    assert max(each["calls"] for each in product["traffic"]) == pytest.approx(reads, rel=0.01)
    assert max(each["memory_mib"] for each in product["use"]) > 20
    again = load(
        mesh, "signal-product", "--people", "0.5", "--stretch", "0.1", "--slack", "0",
        "--report", str(tmp_path / "again.html"), "--against", str(report.with_suffix(".json")),
    )  # fmt: skip
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Compared with the earlier run" in (tmp_path / "again.html").read_text()


def test_a_missed_threshold_is_exit_code_1_and_says_which(mesh: RunningMesh) -> None:
    done = load(mesh, "signal-gateway", "--people", "0.1", "--stretch", "0.05", "--min-goodput", "10000")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "10000" in done.stdout


def test_staff_that_can_not_log_in_are_told_with_the_variables(mesh: RunningMesh) -> None:
    stranger = RunningMesh(mesh.home, (mesh.staff[0], "not the password"))
    done = load(stranger, "signal-gateway", "--stretch", "0.05")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "BANYAN_STAFF_PASSWORD" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("signal-gatway",), "signal-gateway"),
        (("--report", "x.html"), "need a SHAPE"),
        (("ramp", "--namespace", "shop", "--url", "http://127.0.0.1:1"), "--namespace needs"),
        (("ramp", "--against", "/nowhere.json"), "holds no figures of a run"),
    ],
)
def test_what_can_not_begin_is_exit_code_2_with_what_to_do(
    mesh: RunningMesh, words: tuple[str, ...], said: str
) -> None:
    done = load(mesh, *words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_locusts_page_has_a_tab_with_the_services(mesh: RunningMesh) -> None:
    with locusts_page(mesh) as page:
        assert "extended_tabs" in httpx2.get(page).text
        begun = httpx2.post(f"{page}/swarm", data={"user_count": 4, "spawn_rate": 4, "host": mesh.gateway})
        assert begun.json()["success"], begun.text

        def busy() -> dict[str, Json]:
            (services,) = httpx2.get(f"{page}/stats/requests").json()["extended_stats"]
            rows = {row["service"]: row for row in services["data"]}
            calls = rows["gateway"]["calls"]
            assert calls != "-" and float(calls) > 1, "not yet"
            return rows

        rows = eventually(busy, 60, 1)
        assert set(rows) == set(NAMES)
        assert all(row["replicas"] == "1" for row in rows.values()), rows
        drawn = httpx2.get(f"{page}/observer", timeout=60).text
        assert drawn.count("<svg") >= len(NAMES)
        httpx2.get(f"{page}/stop")


@contextmanager
def locusts_page(mesh: RunningMesh) -> Iterator[str]:
    port = free_port_base()
    page = f"http://127.0.0.1:{port}"
    command, variables = words_and_variables(mesh, "--port", str(port))
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            eventually(lambda: _up(page), FIRST_S, 1)
            yield page
        finally:
            # Not SIGINT: whoever is started in the background of a shell ignores that, and so do its children.
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=30)


def _up(page: str) -> bool:
    try:
        return httpx2.get(page).status_code == 200
    except httpx2.TransportError:
        return False
