"""Watching services grow and shrink: what is expected of each, and how it is seen from outside."""

from __future__ import annotations

import re
from typing import Final

from kubernetes.client import ApiException

from loadtests.observer.cluster import Namespace
from loadtests.observer.record import Record
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.topology import NAMES

LEAST: Final = {name: 0 if name == "notification" else 1 for name in NAMES}
REST_S: Final = 240.0
BACK_S: Final = 120.0
"""From the load's end until a service has its least again: the rate's half minute, the window of scaling in, and reserve."""
STRETCH: Final = 0.75
"""Of a shape's 90 s: long enough to grow, to serve and to be steady for a while."""
WORK: Final = {
    "gateway": r"http_requests_total\{.*\}",
    "shipping": r'rpc_client_call_duration_seconds_count\{.*upstream="carrier".*\}',
    "notification": r"notification_deliveries_total\{.*\}",
}
"""What counts a service's work where that is not the calls it answers."""
CALLS: Final = r"rpc_server_call_duration_seconds_count\{(?!.*grpc\.health).*\}"


def at_rest(shop: Cluster, within_s: float = REST_S) -> None:
    """Waits until every service has its least number of replicas, all ready."""
    namespace = Namespace(shop.namespace, LEAST)

    def all_at_least() -> bool:
        found = namespace.replicas()
        off = {
            name: (found[name].wanted, found[name].ready)
            for name, least in LEAST.items()
            if found[name].wanted > max(least, 1) or found[name].ready != found[name].wanted
        }
        assert not off, f"not at rest (wanted, ready): {off}"
        return True

    eventually(all_at_least, within_s, 1)


def work(shop: Cluster, service: str) -> dict[str, float]:
    """Ready pod → how much it has done since its start; a pod that is going is left out."""
    pattern = re.compile(rf"^{WORK.get(service, CALLS)} (\S+)$", re.M)
    found: dict[str, float] = {}
    for pod in shop.ready(service):
        name = pod.metadata.name
        try:
            text = shop.core.connect_get_namespaced_pod_proxy_with_path(
                f"{name}:9090", shop.namespace, "metrics"
            )
        except ApiException:
            continue
        found[name] = sum(float(count) for count in pattern.findall(text))
    return found


def most(record: Record, service: str) -> int:
    """The most replicas that were wanted."""
    return max((each.wanted for each in record.services[service].replicas), default=0)
