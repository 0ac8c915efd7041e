"""The history of queries, through the API server: what the autoscaler saw, second by second."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from kubernetes import client

from loadtests.observer.record import Signal, Traffic

POINTS: Final = 1000
"""Of a history at most; a longer run is read in longer steps."""
PLACE: Final = "/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/api/v1/query_range"
CALLS: Final = 'rpc_server_call_duration_seconds_{part}{{namespace="{namespace}",app!="gateway"{more}}}'
EDGE: Final = '{name}{{namespace="{namespace}",app="gateway"{more}}}'
FAULT_CODES: Final = (
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
)
"""What a service answers when it is at fault, or too busy; refusals with a reason are none."""
FAULTS: Final = f'grpc_status=~"{"|".join(FAULT_CODES)}"'
QUANTILES: Final = {"p50_ms": 0.5, "p99_ms": 0.99}


class Prometheus:
    """The one at `url` as it is called inside the cluster: service, dot, namespace, colon, port."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        service, _, rest = (parts.hostname or "").partition(".")
        self._path = PLACE.format(namespace=rest.partition(".")[0], service=service, port=parts.port or 80)
        self._api = client.ApiClient()

    def series(self, query: str, begin: float, end: float) -> list[dict[str, Any]]:
        """Every series of a query between two times; ApiException without Prometheus."""
        step = max(1, math.ceil((end - begin) / POINTS))
        words = [("query", query), ("start", f"{begin:.3f}"), ("end", f"{end:.3f}"), ("step", str(step))]
        request = self._api.param_serialize(
            "GET", self._path, query_params=words, auth_settings=["BearerToken"]
        )
        reply = self._api.call_api(*request)
        text = reply.read()
        if reply.status != 200:
            raise client.ApiException(status=reply.status, reason=text.decode(errors="replace")[:500])
        found: list[dict[str, Any]] = json.loads(text)["data"]["result"]
        return found

    def fill(self, signal: Signal, begin: float, end: float) -> Signal:
        """The signal with its history; unchanged when it does not come from Prometheus."""
        if not signal.server:
            return signal
        found = self.series(signal.query, begin, end)
        values = found[0]["values"] if found else []
        return replace(signal, points=[(float(at), float(value)) for at, value in values])

    def traffic(self, namespace: str, begin: float, end: float) -> dict[str, list[Traffic]]:
        """What every service of a namespace answered, by its name."""
        moments: dict[str, dict[float, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for key, query in _queries(namespace).items():
            for each in self.series(query, begin, end):
                for at, value in each["values"]:
                    if math.isfinite(number := float(value)):
                        moments[each["metric"].get("app", "")][float(at)][key] = number
        return {
            app: [_traffic(at, values) for at, values in sorted(rows.items())]
            for app, rows in moments.items()
        }


def _queries(namespace: str) -> Mapping[str, str]:
    def rate(part: str, edge: str, more: str = "", edge_more: str = "", by: str = "app") -> str:
        calls = CALLS.format(part=part, namespace=namespace, more=more)
        requests = EDGE.format(name=edge, namespace=namespace, more=edge_more)
        return f"sum by ({by}) (rate({calls}[30s])) or sum by ({by}) (rate({requests}[30s]))"

    buckets = rate("bucket", "http_request_duration_seconds_bucket", by="app, le")
    return {
        "calls": rate("count", "http_requests_total"),
        "errors": rate("count", "http_requests_total", f",{FAULTS}", ',status=~"5.."'),
        **{key: f"1000 * histogram_quantile({share}, {buckets})" for key, share in QUANTILES.items()},
    }


def _traffic(at: float, values: Mapping[str, float]) -> Traffic:
    return Traffic(
        at,
        round(values.get("calls", 0.0), 3),
        round(values.get("errors", 0.0), 3),
        *(round(values[key], 1) if key in values else None for key in QUANTILES),
    )
