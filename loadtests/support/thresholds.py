"""When a run has failed: too many failed requests, too slow, too few. The exit code is 1 and every reason is printed."""

from __future__ import annotations

import sys
from typing import Any, Final

from locust import events
from locust.runners import WorkerRunner

P95_MS: Final = {
    "POST /v1/orders": 2_000,
    "POST /v1/orders (declined)": 2_000,
    "POST /v1/orders (slow card)": 6_000,
    "POST /v1/orders (slow carrier)": 2_000,
    "POST /v1/users": 1_500,
    "POST /v1/sessions": 1_500,
}
"""Slowest tolerable 95th percentile by method and name. Orders do five calls in turn; accounts hash a password."""
READ_P95_MS: Final = 400
WRITE_P95_MS: Final = 800
LEAST_REQUESTS: Final = 20
"""Percentiles of fewer say nothing."""


def install() -> None:
    """Judges when locust ends."""
    events.quitting.add_listener(_judge)


def limit_ms(name: str) -> int:
    """The limit of one kind of request."""
    return P95_MS.get(name, READ_P95_MS if name.startswith("GET ") else WRITE_P95_MS)


def _judge(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner) or environment.process_exit_code == 2:
        return
    wrong = list(_reasons(environment.stats, environment.parsed_options))
    for reason in wrong:
        print(f"threshold missed: {reason}", file=sys.stderr)
    environment.process_exit_code = 1 if wrong else 0


def _reasons(stats: Any, options: Any) -> Any:
    total = stats.total
    if total.num_requests == 0:
        yield "nothing was asked"
        return
    if total.fail_ratio > options.max_fail_ratio:
        yield (
            f"{total.num_failures} of {total.num_requests} requests failed ({total.fail_ratio:.2%},"
            f" at most {options.max_fail_ratio:.2%})"
        )
    good = total.total_rps - total.total_fail_per_sec
    if good < options.min_goodput:
        yield f"{good:.1f} successful requests each second, at least {options.min_goodput:g} are wanted"
    for entry in stats.entries.values():
        name = f"{entry.method} {entry.name}"
        limit = limit_ms(name) * options.slack
        p95 = entry.get_response_time_percentile(0.95)
        if limit and entry.num_requests >= LEAST_REQUESTS and p95 > limit:
            yield f"{name}: P95 {p95:.0f} ms, at most {limit:.0f} ms"
