"""New pods get their share of calls without any caller's restart, and pods that go take nobody with them."""

from __future__ import annotations

import re
import time
from typing import Final

import pytest

from tests.support.cluster import Cluster
from tests.support.shopper import shopping

PATHS: Final = {
    "product": "/v1/products/{product}",
    "user": "/v1/users/me",
    "cart": "/v1/cart",
    "inventory": "/v1/stock/{product}",
    "order": "/v1/orders",
    "payment": "/v1/payments",
    "shipping": "/v1/recipient",
    "notification": "/v1/notifications/preferences",
}
"""Service → a read that it answers."""
SETTLED_S: Final = 15.0
WATCHED_S: Final = 12.0
READS_PER_S: Final = 60.0
CALLS: Final = re.compile(r"^rpc_server_call_duration_seconds_count\{(.*)\} (\S+)$", re.M)


def calls(shop: Cluster, pod: str) -> float:
    """Calls that a pod has answered since its start, probes left out."""
    text = shop.core.connect_get_namespaced_pod_proxy_with_path(f"{pod}:9090", shop.namespace, "metrics")
    return sum(float(count) for labels, count in CALLS.findall(text) if "grpc.health" not in labels)


def lives(shop: Cluster) -> dict[str, list[int]]:
    """How often each container was restarted, by pod."""
    return {
        pod.metadata.name: [each.restart_count for each in pod.status.container_statuses or ()]
        for pod in shop.pods()
    }


@pytest.mark.parametrize("service", PATHS)
def test_new_pods_get_their_share_within_15_seconds(shop: Cluster, service: str) -> None:
    before = {pod.metadata.name for pod in shop.ready(service, 1)}
    callers = lives(shop)
    with shopping(shop, orders=0.5, reads=READS_PER_S, paths=[PATHS[service]]) as seen:
        shop.scale(service, 3)
        pods = [pod.metadata.name for pod in shop.ready(service, 3)]
        time.sleep(SETTLED_S)
        first = {pod: calls(shop, pod) for pod in pods}
        time.sleep(WATCHED_S)
        shares = {pod: calls(shop, pod) - first[pod] for pod in pods}
        shop.scale(service, 1)
        shop.only(service, 1)
    fair = sum(shares.values()) / 3
    assert before < set(pods)
    assert {name: life for name, life in lives(shop).items() if name in callers} == callers
    assert all(0.7 * fair <= share <= 1.3 * fair for share in shares.values()), shares
    assert fair * 3 > WATCHED_S * READS_PER_S * 0.5
    assert (seen.failed, seen.failed_tries, seen.odd) == ([], {}, [])
