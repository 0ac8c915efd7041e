"""The run as lines of JSON, one a second and one at the end, for whoever watches from another process or machine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import gevent
from locust import events
from locust.runners import WorkerRunner

EVERY_S: Final = 1.0


def install() -> None:
    """Writes to the file of `--journal`, if there is one."""
    events.test_start.add_listener(_begin)
    events.quitting.add_listener(_end)


def _begin(environment: Any, **_: Any) -> None:
    if environment.parsed_options.journal and not isinstance(environment.runner, WorkerRunner):
        _write(environment, {"kind": "begin", "at": time.time()}, mode="w")
        gevent.spawn(_go_on, environment)


def _go_on(environment: Any) -> None:
    while True:
        gevent.sleep(EVERY_S)
        _write(environment, second(environment))


def _end(environment: Any, **_: Any) -> None:
    if environment.parsed_options.journal and not isinstance(environment.runner, WorkerRunner):
        for line in summary(environment):
            _write(environment, line)


def second(environment: Any) -> dict[str, Any]:
    """People, requests and failures since the start, and response times of the last ten seconds in milliseconds."""
    total = environment.stats.total
    return {
        "kind": "second",
        "at": time.time(),
        "people": environment.runner.user_count,
        "requests": total.num_requests,
        "failures": total.num_failures,
        "p50_ms": total.get_current_response_time_percentile(0.5),
        "p99_ms": total.get_current_response_time_percentile(0.99),
    }


def summary(environment: Any) -> Iterator[dict[str, Any]]:
    """Each kind of request, each kind of failure, and all together."""
    stats = environment.stats
    for entry in (*stats.entries.values(), stats.total):
        yield {
            "kind": "entry",
            "name": f"{entry.method} {entry.name}".strip(),
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            "per_second": round(entry.total_rps, 2),
            "p50_ms": entry.get_response_time_percentile(0.5),
            "p95_ms": entry.get_response_time_percentile(0.95),
            "p99_ms": entry.get_response_time_percentile(0.99),
            "max_ms": entry.max_response_time,
        }
    for error in stats.errors.values():
        yield {
            "kind": "failure",
            "name": f"{error.method} {error.name}",
            "error": str(error.error),
            "count": error.occurrences,
        }
    yield {"kind": "end", "at": time.time()}


def _write(environment: Any, line: dict[str, Any], mode: str = "a") -> None:
    path = environment.parsed_options.journal
    if path == "-":
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        return
    file: IO[str]
    with Path(path).open(mode) as file:
        file.write(json.dumps(line) + "\n")
