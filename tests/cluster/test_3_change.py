"""Upgrades, rollbacks, kills and evictions while people shop: nobody notices."""

from __future__ import annotations

import json
import time
from typing import Final

import pytest
from kubernetes.client import V1DeleteOptions, V1Eviction, V1ObjectMeta

from local import topology
from tests.support.cluster import RELEASE, Cluster
from tests.support.shopper import Seen, shopping, until_requests

LEAST_REQUESTS: Final = 2_000
READS_PER_S: Final = 50.0
ORDERS_PER_S: Final = 2.0
SERVICES: Final = [row.name for row in topology.SERVICES]


def nobody_noticed(seen: Seen) -> None:
    """Every request was served at its first try, and every answer made sense."""
    assert (seen.failed, seen.failed_tries, seen.odd) == ([], {}, [])


@pytest.mark.parametrize("service", SERVICES)
def test_an_upgrade_of_one_service_fails_no_request(shop: Cluster, service: str) -> None:
    before = {pod.metadata.name for pod in shop.ready(service)}
    began = time.monotonic()
    with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
        shop.upgrade("--set", f"{service}.podAnnotations.example\\.com/upgraded={began}")
        shop.only(service, 1)
        if service == "order":
            time.sleep(until_requests(began, READS_PER_S, 1.2 * LEAST_REQUESTS))
    assert before.isdisjoint({pod.metadata.name for pod in shop.ready(service)})
    nobody_noticed(seen)
    assert service != "order" or len(seen.requests) >= LEAST_REQUESTS


def test_a_rollback_fails_no_request_and_restores_what_was(shop: Cluster) -> None:
    def level() -> str:
        return shop.kubectl(
            "get", "deployment", "order", "-o", "jsonpath={.spec.template.metadata.annotations}"
        )

    shop.upgrade()
    before = json.loads(level())
    with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
        shop.upgrade("--set", "order.podAnnotations.example\\.com/wrong=yes")
        assert json.loads(level()) != before
        shop.helm("rollback", RELEASE, "--wait", "--timeout", "300s")
        shop.only("order", 1)
    assert json.loads(level()) == before
    nobody_noticed(seen)


@pytest.mark.parametrize("service", SERVICES)
def test_an_eviction_fails_no_request(shop: Cluster, service: str) -> None:
    shop.scale(service, 2)
    pods = shop.ready(service, 2)
    name = pods[0].metadata.name
    try:
        with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
            eviction = V1Eviction(
                metadata=V1ObjectMeta(name=name, namespace=shop.namespace), delete_options=V1DeleteOptions()
            )
            shop.core.create_namespaced_pod_eviction(name, shop.namespace, eviction)
            shop.only(service, 2)
    finally:
        shop.scale(service, 1)
        shop.only(service, 1)
    nobody_noticed(seen)


def test_killed_pods_come_back_and_no_order_is_lost(shop: Cluster) -> None:
    with shopping(shop, orders=ORDERS_PER_S, reads=10) as seen:
        for service in SERVICES:
            pod = shop.ready(service)[0].metadata.name
            shop.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
            shop.only(service, 1)
    assert seen.odd == []
    placed = [each for each in seen.orders if each["order_id"]]
    assert placed
    shop.banyan("audit", "--namespace", shop.namespace, "--wait", "120s")
