"""Prometheus metrics common to all services; names, units and labels as in `protos/config/telemetry.yaml`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# Finer where an answer usually falls; the last finite one is the longest deadline we expect.
_CALL_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAIT_BUCKETS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

SERVER_DURATION = Histogram(
    "rpc_server_call_duration_seconds",
    "Time from a call's arrival to its status",
    ("rpc_service", "rpc_method", "grpc_status"),
    buckets=_CALL_BUCKETS,
)
SERVER_IN_FLIGHT = Gauge("rpc_server_in_flight", "Calls being answered")
SERVER_SHED = Counter("rpc_server_shed_total", "Calls refused because too many were in flight")
SERVER_NO_DEADLINE = Counter("rpc_server_no_deadline_total", "Calls that arrived without a deadline")
CLIENT_DURATION = Histogram(
    "rpc_client_call_duration_seconds",
    "Time from a call's start to its status, retries included",
    ("upstream", "rpc_method", "grpc_status"),
    buckets=_CALL_BUCKETS,
)
CLIENT_RETRIES = Counter(
    "rpc_client_retries_total", "Attempts at calls beyond the first, each on the retry budget", ("upstream",)
)
CIRCUIT_STATE = Gauge(
    "rpc_client_circuit_state", "Circuit to an upstream: 0 closed, 1 half open, 2 open", ("upstream",)
)
POOL_WAIT = Histogram(
    "db_pool_wait_seconds", "Time a caller waited for a database connection", buckets=_WAIT_BUCKETS
)
POOL_USE = Histogram(
    "db_pool_use_seconds",
    "Time a connection was held; its sum's rate is how many are in use on average",
    buckets=_CALL_BUCKETS,
)
POOL_CONNECTIONS = Gauge("db_pool_connections", "Connections of the pool by state", ("state",))
POOL_MAX = Gauge("db_pool_max", "Most connections the pool may open")
OUTBOX_BACKLOG = Gauge("outbox_backlog", "Events waiting to be published")
OUTBOX_AGE = Gauge(
    "outbox_oldest_age_seconds", "Age of the oldest event waiting to be published, 0 when none is"
)
OUTBOX_PUBLISHED = Counter("outbox_published_total", "Events the broker has acknowledged")
INBOX_EVENTS = Counter(
    "inbox_events_total", "Events received, by what became of them", ("consumer", "subject", "outcome")
)
TASK_FAILURES = Counter(
    "background_task_failures_total", "Runs of a background task that raised an error", ("task",)
)

LIVE_RELOADS = Counter(
    "live_settings_reloads_total",
    "Changes of the file of live settings, `applied` or `refused`",
    ("outcome",),
)
LIVE_VALID = Gauge("live_settings_valid", "1 while the file of live settings can be applied, else 0")


class CallTimers:
    """Label children of one method, looked up once per status instead of once per call."""

    __slots__ = ("_children", "_histogram", "_labels")

    def __init__(self, histogram: Histogram, *labels: str) -> None:
        self._histogram, self._labels = histogram, labels
        # There from the start: a rate needs a zero to rise from, and a scaler takes a series that is missing for a failure.
        self._children = {"OK": histogram.labels(*labels, "OK")}

    def observe(self, status: str, seconds: float) -> None:
        """Records one finished call."""
        child = self._children.get(status)
        if child is None:
            child = self._children[status] = self._histogram.labels(*self._labels, status)
        child.observe(seconds)
