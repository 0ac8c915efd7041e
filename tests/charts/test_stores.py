"""Stores, stand-ins and seed: as restricted as services, reachable by their users alone, passwords from secrets only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from local import topology
from tests.charts.conftest import Rendered

Render = Callable[..., Rendered]
Json = dict[str, Any]
OWNERS: Final = [row.name for row in topology.SERVICES if "postgres" in row.stores]
CHARTS: Final = {"postgres": {"owner": '"order"'}, "nats": {}, "redis": {}, "standins": {}, "seed": {}}
KEEPERS: Final = ("nats", "redis")
each_chart = pytest.mark.parametrize(("chart", "values"), CHARTS.items(), ids=list(CHARTS))


def callers(rendered: Rendered, name: str) -> set[str]:
    """Who may come in, by the names of their charts."""
    rules = rendered.one("NetworkPolicy", name)["spec"]["ingress"]
    chosen = [peer["podSelector"] for rule in rules for peer in rule.get("from", ()) if "podSelector" in peer]
    return {value for each in chosen for value in each["matchExpressions"][0]["values"]}


@each_chart
def test_every_pod_is_restricted(render: Render, chart: str, values: dict[str, str]) -> None:
    pods = render(chart, **values).pods()
    assert pods
    for spec in pods.values():
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["limits"]) == {"memory"}


@each_chart
def test_no_password_is_in_plain_sight(render: Render, chart: str, values: dict[str, str]) -> None:
    rendered = render(chart, **values)
    assert rendered.of("Secret") == []
    for spec in rendered.pods().values():
        for container in spec["containers"]:
            for each in container.get("env", ()):
                assert "PASSWORD" not in each["name"] or "secretKeyRef" in each["valueFrom"]


@each_chart
def test_a_misspelt_value_is_refused(refusal: Callable[..., str], chart: str, values: dict[str, str]) -> None:
    assert "not allowed" in refusal(chart, **values, resorces="{}")


@pytest.mark.parametrize("owner", OWNERS)
def test_a_database_lets_in_its_owner_and_its_migrations_only(render: Render, owner: str) -> None:
    rendered = render("postgres", owner=f'"{owner}"')
    name = f"{owner}-postgres"
    assert callers(rendered, name) == {owner, f"{owner}-migrations"}
    assert rendered.one("NetworkPolicy", name)["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert rendered.one("Service", name)["spec"]["ports"][0]["port"] == 5432
    volumes = rendered.pods()[f"StatefulSet {name}"]["volumes"]
    assert {"secretName": f"{owner}-database"} in [
        {"secretName": each["secret"]["secretName"]} for each in volumes if "secret" in each
    ]


def test_a_database_needs_an_owner(refusal: Callable[..., str]) -> None:
    assert "owner" in refusal("postgres")


@pytest.mark.parametrize("store", KEEPERS)
def test_a_shared_store_lets_in_those_of_the_topology(render: Render, store: str) -> None:
    users = {row.name for row in topology.SERVICES if store in row.stores}
    assert callers(render(store), store) == users


@pytest.mark.parametrize("name", ["order-postgres", *KEEPERS])
def test_a_store_keeps_its_data_on_a_volume_that_goes_with_it(render: Render, name: str) -> None:
    chart = name.removeprefix("order-")
    stateful = render(chart, **CHARTS[chart]).one("StatefulSet", name)["spec"]
    assert stateful["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert stateful["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
    off = render(chart, **CHARTS[chart], persistence__enabled="false").one("StatefulSet", name)["spec"]
    assert "volumeClaimTemplates" not in off


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("order-postgres", {"maxConnections": "77"}),
        ("nats", {"maxPayload": '"2MB"'}),
        ("redis", {"maxMemory": '"99mb"'}),
    ],
)
def test_a_store_starts_again_with_its_new_configuration(
    render: Render, name: str, change: dict[str, str]
) -> None:
    def checksum(**values: str) -> str:
        chart = name.removeprefix("order-")
        template = render(chart, **CHARTS[chart], **values).one("StatefulSet", name)["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    assert checksum(**change) != checksum()
    assert checksum(image='{"pullPolicy": "Always"}') == checksum(), "only by its configuration"


def test_redis_writes_everything_down(render: Render) -> None:
    lines = render("redis").one("ConfigMap", "redis")["data"]["redis.conf"].splitlines()
    assert {"appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"} <= set(lines)


def test_a_database_gets_time_to_write_out_what_it_has(render: Render) -> None:
    assert (
        render("postgres", owner='"order"').pods()["StatefulSet order-postgres"][
            "terminationGracePeriodSeconds"
        ]
        >= 60
    )


def test_a_stand_in_lets_in_the_service_that_it_stands_before(render: Render) -> None:
    rendered = render("standins")
    for each in topology.STAND_INS:
        assert callers(rendered, each.name) == {each.used_by}


def test_the_seed_knows_the_staff_by_its_secret_and_speaks_to_three(render: Render) -> None:
    rendered = render("seed", staffSecret='"people"')
    job = rendered.of("Job")[0]
    environment = {each["name"]: each for each in job["spec"]["template"]["spec"]["containers"][0]["env"]}
    for name in ("BANYAN_STAFF_EMAIL", "BANYAN_STAFF_PASSWORD"):
        assert environment[name]["valueFrom"]["secretKeyRef"]["name"] == "people"
    peers = rendered.one("NetworkPolicy", "seed")["spec"]["egress"][1]["to"][0]["podSelector"]
    assert set(peers["matchExpressions"][0]["values"]) == {"product", "inventory", "user"}
    assert render("seed", staffSecret='"others"').of("Job")[0]["metadata"]["name"] != job["metadata"]["name"]
