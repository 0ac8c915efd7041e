"""The shop with every service scaled on its own signal, and locust in a pod beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from kubernetes import client

from local.loads.in_cluster import Pod
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.scaling import at_rest

ACTIVE_S = 120.0


@pytest.fixture(scope="package")
def scaled(shop: Cluster) -> Iterator[Cluster]:
    """Mode `signals`: every ScaledObject is ready and every service at its least."""
    shop.upgrade("--set", "global.autoscaling.mode=signals")
    eventually(lambda: _all_ready(shop.namespace), ACTIVE_S, 1)
    at_rest(shop)
    yield shop
    shop.upgrade()


@pytest.fixture(scope="package")
def locust(scaled: Cluster) -> Iterator[Pod]:
    """The pod that waits to be told."""
    images = json.loads(scaled.values[-1].with_name("images.json").read_text())
    pod = Pod(scaled.kubectl_path, scaled.namespace)
    pod.start(images["loadtests"])
    yield pod
    pod.stop()


def _all_ready(namespace: str) -> dict[str, str]:
    found = client.CustomObjectsApi().list_namespaced_custom_object(
        "keda.sh", "v1alpha1", namespace, "scaledobjects"
    )
    states = {
        each["metadata"]["name"]: next(
            (c["status"] for c in each.get("status", {}).get("conditions", ()) if c["type"] == "Ready"), "?"
        )
        for each in found["items"]
    }
    assert states, "there are no ScaledObjects"
    assert set(states.values()) == {"True"}, states
    return states
