"""What goes wrong in a rollout stops the rollout, not the shop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import pytest
from kubernetes.client import ApiException, V1ObjectMeta
from kubernetes.client import V1Eviction as Eviction

from local import topology
from local.cluster.books import cluster_target
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.shopper import Seen, shopping

READS_PER_S: Final = 20.0
ORDERS_PER_S: Final = 1.0
LIMIT: Final = ("--timeout", "45s")
"""For rollouts that can't succeed; the last one named wins."""
TOO_MANY_REQUESTS: Final = 429
KUBELET_SYNC_S: Final = 150.0
"""A mounted ConfigMap is renewed at the next sync, a minute and more apart."""


def nobody_noticed(seen: Seen) -> None:
    """Every request was served at its first try, and every answer made sense."""
    assert len(seen.requests) > 100
    assert (seen.failed, seen.failed_tries, seen.odd) == ([], {}, [])


def names(shop: Cluster, service: str) -> set[str]:
    """The names of its ready pods."""
    return {pod.metadata.name for pod in shop.ready(service)}


def env_of(shop: Cluster, service: str, name: str) -> str:
    """A setting as the chart has written it, in the pods' own ConfigMap."""
    return str(shop.core.read_namespaced_config_map(service, shop.namespace).data.get(name, ""))


@pytest.fixture(autouse=True)
def as_before(shop: Cluster) -> Iterator[None]:
    """Whatever a test did to the release is undone, also when it failed."""
    yield
    shop.upgrade()


@asynccontextmanager
async def a_migration_that_fails(shop: Cluster, service: str) -> AsyncIterator[None]:
    """The database forgets its last migration, so the next run tries it again, and it fails: its tables are there."""
    with cluster_target(shop.kubectl_path, shop.namespace) as target:
        connection = await asyncpg.connect(target.databases[service])
        try:
            last = await connection.fetchval("SELECT max(version) FROM schema_migrations")
            await connection.execute("DELETE FROM schema_migrations WHERE version = $1", last)
            try:
                yield
            finally:
                await connection.execute("INSERT INTO schema_migrations VALUES ($1)", last)
        finally:
            await connection.close()


async def test_a_failing_migration_leaves_the_old_version_serving(shop: Cluster) -> None:
    before = names(shop, "product")
    change = ("--set", "product.podAnnotations.example\\.com/version=next")
    async with a_migration_that_fails(shop, "product"):
        with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
            shop.upgrade(*change, *LIMIT, expect=1)
            waiting = [pod for pod in shop.pods("product") if pod.metadata.name not in before]
            states = [pod.status.init_container_statuses[0] for pod in waiting]
            assert [state.restart_count > 0 or not state.ready for state in states] == [True]
            assert names(shop, "product") == before
        said = shop.kubectl("logs", waiting[0].metadata.name, "-c", "migrations", "--tail=20")
        assert "already exists" in said
    nobody_noticed(seen)
    shop.upgrade(*change)
    assert names(shop, "product").isdisjoint(before)


async def test_a_failing_migration_job_stops_the_upgrade_before_it_begins(shop: Cluster) -> None:
    before = names(shop, "product")
    others = [row.name for row in topology.SERVICES if "postgres" in row.stores and row.name != "product"]
    hook = ["--set", "global.migrations.mode=", "--set", "product.migrations.mode=hook"]
    hook += ["--set", "product.migrations.attempts=1"]
    hook += [word for name in others for word in ("--set", f"{name}.migrations.mode=init")]
    async with a_migration_that_fails(shop, "product"):
        with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
            shop.upgrade(*hook, expect=1)
            assert {pod.metadata.name for pod in shop.pods("product")} >= before
            assert names(shop, "product") == before
        assert "already exists" in shop.kubectl("logs", "job/product-migrations", "--tail=20")
    nobody_noticed(seen)
    with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
        shop.upgrade(*hook)
        shop.only("product", 1)
    assert names(shop, "product").isdisjoint(before)
    assert all(not pod.spec.init_containers for pod in shop.ready("product"))
    nobody_noticed(seen)


def test_a_deleted_secret_stops_new_pods_only(shop: Cluster) -> None:
    before = names(shop, "order")
    kept = json.loads(shop.kubectl("get", "secret", "order-database", "-o", "json"))
    del kept["metadata"]["resourceVersion"], kept["metadata"]["uid"]
    with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
        shop.kubectl("delete", "secret", "order-database")
        try:
            shop.kubectl("rollout", "restart", "deployment/order")
            eventually(lambda: lacks_its_secret(shop, "order", before), 60, 1)
            assert names(shop, "order") == before
        finally:
            shop.kubectl("apply", "-f", "-", stdin=json.dumps(kept))
        shop.kubectl("rollout", "status", "deployment/order", "--timeout=120s", deadline_s=130)
        shop.only("order", 1)
    assert names(shop, "order").isdisjoint(before)
    nobody_noticed(seen)


def lacks_its_secret(shop: Cluster, service: str, before: set[str]) -> bool:
    """Whether the new pod says so."""
    new = [pod for pod in shop.pods(service) if pod.metadata.name not in before]
    said = [
        state.state.waiting.message
        for pod in new
        for state in [*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())]
        if state.state.waiting and state.state.waiting.message
    ]
    return any(f'secret "{service}-database" not found' in message for message in said)


def test_changed_configuration_reaches_new_pods_and_fails_no_request(shop: Cluster) -> None:
    before, others = names(shop, "order"), names(shop, "payment")
    with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
        shop.upgrade("--set", "order.config.ORDER_LOG_LEVEL=debug")
        shop.only("order", 1)
    new = shop.ready("order", 1)[0].metadata.name
    assert env_of(shop, "order", "ORDER_LOG_LEVEL") == "debug"
    assert new not in before
    assert '"log_level":"debug"' in shop.kubectl("logs", new, "-c", "order")
    assert names(shop, "payment") == others, "only the service that was changed is rolled"
    nobody_noticed(seen)


def test_live_settings_reach_running_pods_in_every_language(shop: Cluster) -> None:
    services = ("product", "cart", "payment", "notification")
    pods = {name: shop.ready(name)[0].metadata.name for name in services}
    shop.upgrade(*(word for name in services for word in ("--set", f"{name}.live.log_level=debug")))

    def not_applied() -> list[str]:
        said = {name: shop.kubectl("logs", pod, "-c", name, "--tail=2000") for name, pod in pods.items()}
        return [
            name
            for name, text in said.items()
            if not any("live settings applied" in line and '"debug"' in line for line in text.splitlines())
        ]

    eventually(lambda: not not_applied(), KUBELET_SYNC_S, 5)
    assert {name: names(shop, name) for name in services} == {name: {pod} for name, pod in pods.items()}


def test_a_wrong_setting_is_refused_before_anything_changes(shop: Cluster) -> None:
    before = names(shop, "order")
    shop.upgrade("--set", "order.config.ORDER_LOG_LEVLE=debug", expect=1)
    assert names(shop, "order") == before


def test_the_budget_holds_evictions_back(shop: Cluster) -> None:
    shop.upgrade("--set", "product.replicas=2", "--set", "product.pdb.minAvailable=1")
    first, second = (pod.metadata.name for pod in shop.ready("product", 2))

    def refusal(name: str) -> str:
        meta = V1ObjectMeta(name=name, namespace=shop.namespace)
        try:
            shop.core.create_namespaced_pod_eviction(name, shop.namespace, Eviction(metadata=meta))
        except ApiException as error:
            if error.status != TOO_MANY_REQUESTS:
                raise
            return str(error.body)
        return ""

    with shopping(shop, orders=ORDERS_PER_S, reads=READS_PER_S) as seen:
        assert refusal(first) == ""
        assert "disruption budget" in refusal(second)
        shop.ready("product", 2)
        eventually(lambda: refusal(second) == "", 60, 1)
        shop.ready("product", 2)
    assert names(shop, "product").isdisjoint({first, second})
    nobody_noticed(seen)
