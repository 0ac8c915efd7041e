"""What is left after `helm uninstall`: what was there before the install, and nothing else."""

from __future__ import annotations

import json
from typing import Final

from tests.support.cluster import RELEASE, Cluster
from tests.support.eventually import eventually

# Kept by the cluster itself, or a record of what was.
OTHERS: Final = frozenset({"events", "events.events.k8s.io", "pods.metrics.k8s.io"})
LABEL: Final = "app.kubernetes.io/managed-by=Helm"


def left_over(shop: Cluster) -> list[str]:
    """Everything of the namespace that belongs to no one but the charts."""
    kinds = shop.kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
    asked = ",".join(sorted(set(kinds) - OTHERS))
    items = json.loads(shop.kubectl("get", asked, "-l", LABEL, "-o", "json"))["items"]
    found = [f"{each['kind']} {each['metadata']['name']}" for each in items]
    claims = json.loads(shop.kubectl("get", "persistentvolumeclaims,pods", "-o", "json"))["items"]
    return found + [f"{each['kind']} {each['metadata']['name']}" for each in claims]


def test_an_uninstall_leaves_nothing(shop: Cluster) -> None:
    shop.kubectl("delete", "pod/shopper", "networkpolicy/shopper", "--wait")
    assert len(left_over(shop)) > 50
    shop.helm("uninstall", RELEASE, "--wait", "--timeout", "180s")

    def nothing() -> bool:
        left = left_over(shop)
        assert left == []
        return True

    eventually(nothing, 120, 2)
    secrets = {each.metadata.name for each in shop.core.list_namespaced_secret(shop.namespace).items}
    assert "order-database" in secrets, "secrets are the operator's, who made them"
    assert not any(name.startswith("sh.helm.release") for name in secrets)
