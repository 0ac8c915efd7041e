"""What is there after `helm install`: everything ready, nothing refused, orders go through, and the books balance."""

from __future__ import annotations

import time

import pytest
from kubernetes import client
from kubernetes.utils.quantity import parse_quantity

from local import topology
from tests.support.cluster import Cluster, is_ready
from tests.support.eventually import eventually
from tests.support.shopper import shopping

FIRST_ORDER_S = 240.0
IDLE_CORES = 0.75
IDLE_MIB = 2_048.0
"""Half of what all may ask for, and two thirds."""
SERVICES = [row.name for row in topology.SERVICES]


def test_an_order_is_confirmed_within_four_minutes_of_the_install(
    shop: Cluster, figures: dict[str, object]
) -> None:
    began = time.monotonic()
    with shopping(shop, orders=2.0) as seen:
        time.sleep(10)
    confirmed = [each for each in seen.orders if each["told"] == "ORDER_STATE_CONFIRMED"]
    assert confirmed, seen
    assert (seen.failed, seen.odd) == ([], [])
    took_s = shop.installed_s + min(each["told_at_s"] for each in confirmed) + (time.monotonic() - began - 10)
    figures["install_until_ready_s"] = round(shop.installed_s, 1)
    figures["install_to_first_order_s"] = round(took_s, 1)
    assert took_s <= FIRST_ORDER_S


def test_every_pod_is_ready_and_never_restarted(shop: Cluster) -> None:
    pods = [pod for pod in shop.pods() if pod.status.phase != "Succeeded"]
    assert {pod.metadata.labels["app.kubernetes.io/name"] for pod in pods} >= set(SERVICES)
    assert [pod.metadata.name for pod in pods if not is_ready(pod)] == []
    restarts = {
        f"{pod.metadata.name}/{each.name}": each.restart_count
        for pod in pods
        for each in [*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())]
        if each.restart_count
    }
    assert restarts == {}


def test_the_namespace_enforces_the_restricted_standard_and_nothing_was_refused(shop: Cluster) -> None:
    labels = shop.core.read_namespace(shop.namespace).metadata.labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    events = shop.core.list_namespaced_event(shop.namespace).items
    assert [each.message for each in events if each.reason == "FailedCreate"] == []


def test_no_pod_has_a_token_of_the_api(shop: Cluster) -> None:
    mounted = [
        (pod.metadata.name, volume.name)
        for pod in shop.pods()
        for volume in pod.spec.volumes or ()
        if volume.projected and any(source.service_account_token for source in volume.projected.sources)
    ]
    assert mounted == []


def test_every_service_has_an_account_of_its_own(shop: Cluster) -> None:
    accounts = {name: {pod.spec.service_account_name for pod in shop.pods(name)} for name in SERVICES}
    assert accounts == {name: {name} for name in SERVICES}


def test_the_books_balance(shop: Cluster) -> None:
    shop.banyan("audit", "--namespace", shop.namespace, "--wait", "90s")


@pytest.mark.parametrize("service", ["product", "payment", "notification"])
def test_the_root_file_system_of_a_service_is_read_only(shop: Cluster, service: str) -> None:
    """Of those whose image has a shell to try it with; the system says so before it asks who may write."""
    pod = shop.ready(service)[0].metadata.name
    said = shop.kubectl("exec", pod, "-c", service, "--", "sh", "-c", "touch /new 2>&1 || true")
    assert "Read-only file system" in said


def test_images_are_small_and_unchanged_ones_are_not_built_again(shop: Cluster) -> None:
    shop.banyan("images", "sizes", "--registry", shop.registry)
    rows = shop.banyan("images", "build", "--registry", shop.registry).splitlines()
    done = {row.split()[0]: row.split()[1] for row in rows if f" {shop.registry}/" in row}
    assert set(done) >= set(SERVICES)
    assert set(done.values()) == {"unchanged"}


def test_a_shop_at_rest_uses_little(shop: Cluster, figures: dict[str, object]) -> None:
    """By the metrics server, whose figures are means of a quarter of a minute."""

    def used() -> dict[str, tuple[float, float]]:
        api = client.CustomObjectsApi()
        listing = api.list_namespaced_custom_object("metrics.k8s.io", "v1beta1", shop.namespace, "pods")
        found = {}
        for pod in listing["items"]:
            usage = [each["usage"] for each in pod["containers"]]
            cores = sum(float(parse_quantity(each["cpu"])) for each in usage)
            mib = sum(float(parse_quantity(each["memory"])) for each in usage) / 2**20
            found[pod["metadata"]["name"]] = (round(cores, 4), round(mib, 1))
        assert set(found) >= {pod.metadata.name for pod in shop.ready("order")}
        cores, mib = (sum(each[part] for each in found.values()) for part in (0, 1))
        assert (cores < IDLE_CORES, mib < IDLE_MIB) == (True, True), (cores, mib)
        return found

    found = eventually(used, 180, 5)
    figures["idle_cores_and_mib_by_pod"] = found
    figures["idle_cores"] = round(sum(cores for cores, _ in found.values()), 3)
    figures["idle_mib"] = round(sum(mib for _, mib in found.values()))
