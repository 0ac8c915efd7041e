"""The metrics of the edge; names and labels as in `protos/config/telemetry.yaml`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from gateway.exchange import UNMATCHED, Exchange

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUESTS: Final = Counter("http_requests_total", "Requests answered", ("route", "method", "status"))
DURATION: Final = Histogram(
    "http_request_duration_seconds",
    "Time from the request's headers to the answer's end",
    ("route", "method"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class HttpMetrics:
    """Label children looked up once instead of per request. Methods that HTTP has not are `OTHER`."""

    def __init__(self) -> None:
        # One is there from the start: a scaler takes a series that is missing for a failure, not for zero.
        first = REQUESTS.labels(UNMATCHED, "GET", "404")
        self._requests: dict[tuple[str, str, int], Counter] = {(UNMATCHED, "GET", 404): first}
        self._durations: dict[tuple[str, str], Histogram] = {}

    def observe(self, exchange: Exchange) -> None:
        """Counts a finished request."""
        method = exchange.http_method if exchange.http_method in _METHODS else "OTHER"
        key = (exchange.route, method, exchange.status)
        counter = self._requests.get(key)
        if counter is None:
            counter = self._requests[key] = REQUESTS.labels(exchange.route, method, str(exchange.status))
        counter.inc()
        timer = self._durations.get(key[:2])
        if timer is None:
            timer = self._durations[key[:2]] = DURATION.labels(exchange.route, method)
        timer.observe(exchange.seconds)
