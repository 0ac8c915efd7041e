"""A mesh that runs on this machine: no autoscaler, but the same signals, read from the processes' own /metrics."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Final

from loadtests.observer.record import Record, Replicas, Signal, Traffic, Use, Watched
from loadtests.observer.scrape import Scrape, quantile, scrape, together

WINDOW_S: Final = 10.0
"""Rates are over so long: shorter than an autoscaler's half minute, since there are no scrapes to be missed."""
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """How a service's signal is read without Prometheus: a counter's growth each second, or a gauge."""

    metric: str
    grows: bool = False
    same_everywhere: bool = False
    """Every replica tells the same figure, so that one is enough."""
    over: str = ""
    """A gauge that it is a share of."""


SIGNALS: Final = {
    "gateway": Reading("http_requests_total", grows=True),
    "user": Reading("process_cpu_seconds_total", grows=True),
    "product": Reading("rpc_server_call_duration_seconds_count", grows=True),
    "cart": Reading("rpc_server_call_duration_seconds_sum", grows=True),
    "inventory": Reading("db_pool_wait_seconds_sum", grows=True),
    "order": Reading("order_workflows_in_flight"),
    "payment": Reading("db_pool_use_seconds_sum", grows=True, over="db_pool_max"),
    "shipping": Reading("shipping_oldest_unlabelled_age_seconds", same_everywhere=True),
    "notification": Reading("notification_pending", same_everywhere=True),
}


class LocalMesh:
    """For an observer. `addresses`: service → /metrics of each replica; `thresholds`: what one replica may have."""

    def __init__(
        self,
        addresses: Mapping[str, Sequence[str]],
        thresholds: Mapping[str, float],
        read: Callable[[str, float], Scrape] = scrape,
    ) -> None:
        self._addresses = addresses
        self._thresholds = thresholds
        self._read = read
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="scrape")
        self._points: dict[str, list[tuple[float, float]]] = {name: [] for name in addresses}
        self._seen: dict[str, deque[Scrape]] = defaultdict(deque)

    def begin(self) -> Record:
        """Every service with its signal; as many replicas as there are is the least and the most."""
        return Record(
            services={
                name: Watched(signals=[self._signal(name)], least=len(urls), most=len(urls))
                for name, urls in self._addresses.items()
            }
        )

    def look(self, record: Record) -> bool:
        """Reads every replica once; False when not even one of any service answered."""
        now = time.time()
        urls = list(chain.from_iterable(self._addresses.values()))
        answers = dict(zip(urls, self._pool.map(lambda url: self._try(url, now), urls), strict=True))
        for name, places in self._addresses.items():
            there = [found for url in places if (found := answers[url])]
            watched = record.services[name]
            watched.replicas.append(Replicas(now, len(places), len(there)))
            if there:
                self._note(name, watched, together(there, now), len(there))
        return any(answers.values())

    def end(self, record: Record, began: float) -> None:
        """Nothing is known later that was not known then."""
        self._pool.shutdown(wait=False)

    def _try(self, url: str, now: float) -> Scrape | None:
        try:
            return self._read(url, now)
        except OSError:
            return None

    def _signal(self, name: str) -> Signal:
        reading = SIGNALS[name]
        text = f"rate of {reading.metric}" if reading.grows else reading.metric
        text = f"{text} / {reading.over}" if reading.over else text
        return Signal(text, self._thresholds[name], points=self._points[name])

    def _note(self, name: str, watched: Watched, now: Scrape, replicas: int) -> None:
        seen, reading = self._seen[name], SIGNALS[name]
        while seen and seen[0].at < now.at - WINDOW_S:
            seen.popleft()
        if seen:
            earlier = seen[0]
            value = now.rate(earlier, reading.metric) if reading.grows else now.values[reading.metric]
            value /= replicas if reading.same_everywhere else 1
            value /= now.values[reading.over] / replicas if reading.over else 1
            self._points[name].append((now.at, round(value, 4)))
            watched.traffic.append(_traffic(name, now, earlier))
            cores = now.rate(earlier, "process_cpu_seconds_total")
            memory = now.values["process_resident_memory_bytes"] / MIB
            watched.use.append(Use(now.at, round(cores, 4), round(memory, 1)))
        seen.append(now)


def _traffic(name: str, now: Scrape, earlier: Scrape) -> Traffic:
    metric = "http_requests_total" if name == "gateway" else "rpc_server_call_duration_seconds_count"
    times = [quantile(share, now, earlier) for share in (0.5, 0.99)]
    return Traffic(
        now.at,
        round(now.rate(earlier, metric), 3),
        round(max(now.errors - earlier.errors, 0.0) / max(now.at - earlier.at, 1e-3), 3),
        *(None if each is None else round(1000 * each, 1) for each in times),
    )
