"""What a bench must show of the shop's promises; all other figures are told, not judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from local.bench.rolling import LEAST_REQUESTS, P99_SHARE
from local.chaos.verdict import Promise

GOODPUT: Final = 0.8
"""The share of its peak that the mesh still does when it is asked for three times as much."""
ORDER_DEADLINE_S: Final = 6.0
"""The deadline of PlaceOrder in `service_config.json`: who was not refused has an answer by then."""


def overload(figures: Mapping[str, Any]) -> list[Promise]:
    """What holds at three times the load that saturates; `figures` are `orders_overload` of a bench."""
    share, p99_ms, failed = figures["share"], figures["accepted_p99_ms"], figures["failed"]
    limit_ms = ORDER_DEADLINE_S * 1000
    return [
        Promise(
            "orders done at three times the load, of the peak",
            f"≥ {GOODPUT:.0%}",
            f"{share:.1%}",
            share >= GOODPUT,
        ),
        # Nothing accepted has a P99 of 0, which is no merit.
        Promise(
            "P99 of orders accepted meanwhile",
            f"≤ {limit_ms:,.0f} ms",
            f"{p99_ms:,.0f} ms",
            0 < p99_ms <= limit_ms,
        ),
        Promise("orders neither done, promised nor refused", "0", f"{failed:,}", failed == 0),
    ]


def rolling(figures: Mapping[str, Any]) -> list[Promise]:
    """What holds while every replica restarts; `figures` are those of `bench --rolling`."""
    requests, quiet_ms, during_ms = figures["requests"], figures["quiet_p99_ms"], figures["rolling_p99_ms"]
    odd = len(figures["odd_answers"])
    return [
        Promise("requests", f"≥ {LEAST_REQUESTS:,}", f"{requests:,}", requests >= LEAST_REQUESTS),
        _none("failed, repeats of the client included", figures["failed"]),
        _none("answers that no repeat would mend", figures["not_retryable"]),
        _none("answers that must never be given", odd),
        Promise(
            "P99 of reads during the restart",
            f"≤ {P99_SHARE:g} times the quiet {quiet_ms} ms",
            f"{during_ms} ms",
            0 < during_ms <= P99_SHARE * quiet_ms,
            timed=True,
        ),
    ]


def _none(name: str, count: int) -> Promise:
    return Promise(name, "0", f"{count:,}", count == 0)


def lines(promises: Sequence[Promise]) -> list[str]:
    """One line for each, to be read beside the tables."""
    return [
        f"{'kept' if each.kept else 'BROKEN'}: {each.name}: {each.found}, goal {each.limit}"
        for each in promises
    ]


def as_json(promises: Sequence[Promise]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [
        {"name": each.name, "limit": each.limit, "found": each.found, "kept": each.kept} for each in promises
    ]
