"""Every stand-in says when it is ready, stops in time, stays small, and fails with one clear line."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from .conftest import Start

ALL = [("payment_provider",), ("carrier",), ("sinks",), ("mail", "--smtp", "127.0.0.1:0")]
MAX_RSS_MIB = 48


@pytest.mark.parametrize("command", ALL, ids=lambda command: command[0])
def test_life_of_a_process(start: Start, command: tuple[str, ...]) -> None:
    process = start(*command)
    assert process.http.get("/healthz").json() == {"status": "ok"}
    assert process.http.get("/").status_code == 200
    assert psutil.Process(process.pid).memory_info().rss < MAX_RSS_MIB * 2**20
    assert process.stop() == 0
    assert [line["event"] for line in process.lines] == ["settings", "ready", "stopped"]
    assert {"time", "level", "service", "event", "trace_id", "span_id"} <= process.lines[0].keys()


def test_taken_port_is_one_clear_line(start: Start) -> None:
    first = start("sinks")
    with pytest.raises(AssertionError, match="can't listen on"):
        start("sinks", "--listen", f"127.0.0.1:{first.http.base_url.port}")


def test_unusable_data_folder_is_one_clear_line(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sinks.sqlite3").write_bytes(b"this is no database " * 100)
    with pytest.raises(AssertionError, match="can't use the data folder"):
        start("sinks")
