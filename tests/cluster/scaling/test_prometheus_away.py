"""Prometheus is away for two minutes under load: nobody is scaled in, and those with one replica get a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kubernetes import client

from loadtests.observer.cluster import Namespace
from local.loads.in_cluster import Pod
from local.loads.locust import Run
from local.loads.places import EDGE
from local.loads.shapes import shape
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.scaling import BACK_S, LEAST, at_rest
from tests.support.topology import NAMES

WHERE: Final = ("monitoring", "prometheus")
"""Namespace and Service, as `global.prometheus.url` has it."""
AWAY_S: Final = 120.0
GROWN_S: Final = 60.0
FALLBACK: Final = 2


def test_nobody_is_scaled_in_blindly(scaled: Cluster, locust: Pod, figures: dict[str, Any]) -> None:
    at_rest(scaled)
    namespace = Namespace(scaled.namespace, LEAST)
    run = Run(shape=shape("signal-user"), host=EDGE, stretch=2.2, max_fail_ratio=0, slack=0)
    with locust.running(run) as told:
        assert told.began.wait(GROWN_S), told.talk[-20:]
        eventually(lambda: len(scaled.ready("user")) == scaled_most(scaled), GROWN_S, 1)
        before = {name: each.wanted for name, each in namespace.replicas().items()}
        with prometheus_away():
            least, last = _watch(namespace, AWAY_S)
    at_rest(scaled, within_s=AWAY_S + BACK_S)
    figures["scaling prometheus away"] = {"before": before, "least": least, "at its end": last}
    assert told.failures == [], told.failures
    assert told.code == 0, told.talk[-20:]
    assert {name: least[name] for name in NAMES if least[name] < before[name]} == {}
    alone = [name for name in NAMES if before[name] == 1 and LEAST[name] == 1]
    assert len(alone) > 5, before
    assert {name: last[name] for name in alone} == dict.fromkeys(alone, FALLBACK)


def scaled_most(shop: Cluster) -> int:
    """The most replicas that `user` may have."""
    found = client.AutoscalingV2Api().read_namespaced_horizontal_pod_autoscaler(
        "keda-hpa-user", shop.namespace
    )
    return int(found.spec.max_replicas)


def _watch(namespace: Namespace, seconds: float) -> tuple[dict[str, int], dict[str, int]]:
    """The fewest that were wanted of each service, and what was wanted at the end."""
    least: dict[str, int] = {}
    until = time.monotonic() + seconds
    while True:
        last = {name: each.wanted for name, each in namespace.replicas().items()}
        least = {name: min(least.get(name, count), count) for name, count in last.items()}
        if time.monotonic() >= until:
            return least, last
        time.sleep(1)


@contextmanager
def prometheus_away() -> Iterator[None]:
    """Its workload has no replica; as many as before at the end."""
    where, name = WHERE
    selector = client.CoreV1Api().read_namespaced_service(name, where).spec.selector
    apps = client.AppsV1Api()
    (workload,) = [
        each
        for each in apps.list_namespaced_deployment(where).items
        if selector.items() <= each.spec.template.metadata.labels.items()
    ]
    replicas = {"spec": {"replicas": workload.spec.replicas}}
    apps.patch_namespaced_deployment_scale(workload.metadata.name, where, {"spec": {"replicas": 0}})
    try:
        yield
    finally:
        apps.patch_namespaced_deployment_scale(workload.metadata.name, where, replicas)
