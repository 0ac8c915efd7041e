"""The history of each trigger's query, through the API server: what the autoscaler saw, second by second."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlsplit

from kubernetes import client

from loadtests.observer.record import Signal

STEP_S: Final = 1
PLACE: Final = "/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/api/v1/query_range"


class Prometheus:
    """The one at `url` as it is called inside the cluster: service, dot, namespace, colon, port."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        service, _, rest = (parts.hostname or "").partition(".")
        self._path = PLACE.format(namespace=rest.partition(".")[0], service=service, port=parts.port or 80)
        self._api = client.ApiClient()

    def history(self, query: str, begin: float, end: float) -> list[tuple[float, float]]:
        """The value of a query that gives one series, or none, at each second; ApiException without Prometheus."""
        words = [("query", query), ("start", f"{begin:.3f}"), ("end", f"{end:.3f}"), ("step", str(STEP_S))]
        request = self._api.param_serialize(
            "GET", self._path, query_params=words, auth_settings=["BearerToken"]
        )
        reply = self._api.call_api(*request)
        text = reply.read()
        if reply.status != 200:
            raise client.ApiException(status=reply.status, reason=text.decode(errors="replace")[:500])
        series = json.loads(text)["data"]["result"]
        return [(float(at), float(value)) for at, value in series[0]["values"]] if series else []

    def fill(self, signal: Signal, begin: float, end: float) -> Signal:
        """The signal with its history; unchanged when it does not come from Prometheus."""
        if not signal.server:
            return signal
        return Signal(signal.query, signal.threshold, signal.server, self.history(signal.query, begin, end))
