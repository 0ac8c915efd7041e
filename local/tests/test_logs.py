"""The log files: one JSON line each, whatever the process wrote and however it came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.supervision.log_file import LogFile
from local.supervision.supervisor import Supervisor
from local.tests.aid import LIMIT_S, fake


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines_pass_and_others_are_wrapped(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.jsonl", "order")
    log.feed(1, b'{"event":"a","n":1}\nWARNING: low on tea\n\nFATAL: out of tea\n')
    log.close()
    first, second, third = read(tmp_path / "x.jsonl")
    assert first == {"event": "a", "n": 1}
    assert (second["level"], second["service"], second["event"]) == (
        "warning",
        "order",
        "WARNING: low on tea",
    )
    assert third["level"] == "error"


def test_lines_that_come_in_pieces_on_two_streams_stay_whole(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.jsonl", "order")
    for stream, part in ((1, b"one "), (2, b'{"event":'), (1, b"two\nthr"), (2, b'"b"}\n'), (1, b"ee")):
        log.feed(stream, part)
    log.close()
    assert [line["event"] for line in read(tmp_path / "x.jsonl")] == ["one two", "b", "three"]


def test_a_line_without_end_is_cut_and_not_kept_in_memory(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.jsonl", "order")
    for _ in range(40):
        log.feed(1, b"x" * 4096)
    log.close()
    assert sum(len(line["event"]) for line in read(tmp_path / "x.jsonl")) == 40 * 4096


def test_a_full_file_is_rotated_once(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.jsonl", "order", max_bytes=1000)
    for number in range(100):
        log.feed(1, json.dumps({"event": "tick", "number": number}).encode() + b"\n")
    log.close()
    newest, older = read(tmp_path / "x.jsonl"), read(tmp_path / "x.jsonl.1")
    assert newest[-1]["number"] == 99
    assert older[-1]["number"] + 1 == newest[0]["number"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.jsonl", "x.jsonl.1"]


async def test_what_a_process_said_last_is_in_its_file(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(fake("one", tmp_path))
    await supervisor.start("one", LIMIT_S)
    await supervisor.stop("one")
    entries = read(tmp_path / "logs" / "one.jsonl")
    assert [entry["event"] for entry in entries] == ["plain words of one", "ready", "exited with code 0"] or [
        entry["event"] for entry in entries
    ] == ["ready", "plain words of one", "exited with code 0"]
    assert entries[-1]["source"] == "supervisor"
