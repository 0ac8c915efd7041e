"""What a process tells at /metrics, as numbers: counters, gauges, and histograms by their buckets."""

from __future__ import annotations

import math
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from loadtests.observer.prometheus import FAULT_CODES

TIMEOUT_S: Final = 2.0
CALLS: Final = ("rpc_server_call_duration_seconds", "http_request_duration_seconds")
FIVE_HUNDRED: Final = 500


@dataclass
class Scrape:
    """One process at one moment, or the sum of several."""

    at: float
    values: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Sample's name → sum over its labels."""
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))
    """Upper bound in seconds → calls that took at most so long."""
    errors: float = 0.0

    def rate(self, earlier: Scrape, name: str) -> float:
        """How much a counter grew in each second since; 0 when its process has started anew."""
        return max(self.values[name] - earlier.values[name], 0.0) / max(self.at - earlier.at, 1e-3)


def scrape(url: str, at: float) -> Scrape:
    """Reads `url`; OSError when nobody answers."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - an address of our own mesh
        text = answer.read().decode()
    found = Scrape(at)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.values[sample.name] += sample.value
            if family.name in CALLS and sample.name.endswith("_bucket"):
                found.buckets[float(sample.labels["le"])] += sample.value
            if _at_fault(sample.name, sample.labels):
                found.errors += sample.value
    return found


def _at_fault(name: str, labels: Mapping[str, str]) -> bool:
    if name == "rpc_server_call_duration_seconds_count":
        return labels.get("grpc_status") in FAULT_CODES
    return name == "http_requests_total" and int(labels["status"]) >= FIVE_HUNDRED


def together(scrapes: Iterable[Scrape], at: float) -> Scrape:
    """The sum of several processes of one service."""
    total = Scrape(at)
    for each in scrapes:
        for name, value in each.values.items():
            total.values[name] += value
        for bound, count in each.buckets.items():
            total.buckets[bound] += count
        total.errors += each.errors
    return total


def quantile(share: float, now: Scrape, earlier: Scrape) -> float | None:
    """Seconds within which `share` of the calls since were answered; None without calls.

    Linear within a bucket, as Prometheus' histogram_quantile does it; beyond the last bound it is that bound.
    """
    counts = {bound: now.buckets[bound] - earlier.buckets[bound] for bound in sorted(now.buckets)}
    whole = counts.get(math.inf, 0.0)
    if whole <= 0:
        return None
    below, lower = 0.0, 0.0
    for bound, count in counts.items():
        if count >= share * whole:
            if math.isinf(bound):
                return lower
            return lower + (bound - lower) * (share * whole - below) / max(count - below, 1e-9)
        below, lower = count, bound
    return lower
