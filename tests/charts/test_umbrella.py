"""The whole shop in one release, for development and for production."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from local import topology
from local.charts.schema import HELM
from tests.charts.conftest import Rendered

Render = Callable[..., Rendered]
Refusal = Callable[..., str]
MOST_CORES: Final = 1.5
MOST_BYTES: Final = 3 * 2**30
RENDERED_S: Final = 2.0
"""The best of three, for the machine may be busy; it takes half a second."""
UNITS: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
SERVICES: Final = {row.name for row in topology.SERVICES}


def cores(text: Any) -> float:
    words = str(text)
    return float(words[:-1]) / 1000 if words.endswith("m") else float(words)


def size(text: str) -> float:
    return float(text[:-2]) * UNITS[text[-2:]]


def requested(rendered: Rendered) -> tuple[float, float]:
    """Cores and bytes that all pods together ask for, migrations and seeds left out, which end."""
    makers = rendered.of("Deployment", "StatefulSet")
    requests = [
        (each["spec"].get("replicas", 1), container["resources"]["requests"])
        for each in makers
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    return (
        sum(count * cores(each["cpu"]) for count, each in requests),
        sum(count * size(each["memory"]) for count, each in requests),
    )


def test_the_shop_for_development_has_everything_and_fits_a_small_machine(render: Render) -> None:
    rendered = render("banyan")
    assert rendered.names("Deployment") == SERVICES
    databases = {f"{row.name}-postgres" for row in topology.SERVICES if "postgres" in row.stores}
    stand_ins = {row.name for row in topology.STAND_INS}
    assert rendered.names("StatefulSet") == databases | stand_ins | {"nats", "redis"}
    found_cores, found_bytes = requested(rendered)
    assert found_cores <= MOST_CORES
    assert found_bytes <= MOST_BYTES


def test_no_secret_is_in_it(render: Render) -> None:
    for files in ((), ("values-test.yaml",), ("values-prod.yaml",)):
        assert render("banyan", *files).of("Secret") == []


def test_production_has_no_store_no_stand_in_and_two_of_each(render: Render) -> None:
    rendered = render("banyan", "values-prod.yaml")
    assert rendered.of("StatefulSet") == []
    assert rendered.names("Deployment") == SERVICES
    scaled = {
        each["metadata"]["name"]: each["spec"]["minReplicaCount"] for each in rendered.of("ScaledObject")
    }
    assert scaled == {name: 1 if name == "notification" else 2 for name in SERVICES}
    assert {each["metadata"]["name"] for each in rendered.of("Job")} == {
        f"{row.name}-migrations" for row in topology.SERVICES if "postgres" in row.stores
    }
    text = str(rendered.all)
    assert "http://carrier" not in text
    told = [rendered.one("ConfigMap", name)["data"]["BANYAN_ENVIRONMENT"] for name in SERVICES]
    assert set(told) == {"production"}


def test_production_reads_queues_where_its_own_broker_is(render: Render) -> None:
    rendered = render("banyan", "values-prod.yaml")
    triggers = rendered.one("ScaledObject", "notification")["spec"]["triggers"]
    asked = {
        each["metadata"]["natsServerMonitoringEndpoint"]
        for each in triggers
        if each["type"] == "nats-jetstream"
    }
    assert asked == {"nats.example.com:8222"}
    told = {
        each["data"]["NATS_URL"] for each in rendered.of("ConfigMap") if "NATS_URL" in each.get("data", {})
    }
    assert told == {"tls://nats.example.com:4222"}


@pytest.mark.parametrize("nats", ['{"url": "http://nats:4222"}', '{"monitoring": "http://nats:8222"}'])
def test_an_address_of_the_broker_must_be_one(refusal: Refusal, nats: str) -> None:
    assert "does not match pattern" in refusal("order", **{"global": f'{{"nats": {nats}}}'})


def test_every_mistake_about_the_ways_in_is_told_at_once(refusal: Refusal) -> None:
    said = refusal(
        "gateway",
        httpRoute='{"enabled": true}',
        ingress='{"enabled": true, "tlsSecret": "tls"}',
        service='{"type": "ClusterIP", "nodePort": 30080}',
    )
    assert "needs httpRoute.parentRefs" in said
    assert "needs ingress.host" in said
    assert "needs service.type NodePort" in said


def test_nobody_is_given_rights_at_the_api(render: Render) -> None:
    for file in ("values.yaml", "values-test.yaml", "values-prod.yaml"):
        rendered = render("banyan", file)
        assert rendered.of("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding") == []
        for spec in rendered.pods().values():
            assert spec["automountServiceAccountToken"] is False


def test_the_edge_by_ingress_and_by_gateway_api(render: Render) -> None:
    plain = render("gateway")
    assert plain.of("Ingress", "HTTPRoute") == []
    ingress = render("gateway", ingress='{"enabled": true, "host": "shop.test", "tlsSecret": "t"}')
    spec = ingress.one("Ingress", "gateway")["spec"]
    assert spec["rules"][0]["host"] == "shop.test"
    assert spec["tls"] == [{"hosts": ["shop.test"], "secretName": "t"}]
    assert spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] == {"name": "http"}
    route = render(
        "gateway",
        httpRoute='{"enabled": true, "parentRefs": [{"name": "edge"}], "hostnames": ["shop.test"]}',
    ).one("HTTPRoute", "gateway")["spec"]
    assert route["parentRefs"] == [{"name": "edge"}]
    assert route["rules"][0]["backendRefs"] == [{"name": "gateway", "port": 8080}]


def test_a_key_that_nobody_reads_is_refused_wherever_it_stands(refusal: Refusal) -> None:
    for key in ("ordr", "order__replicsa", "global__enviroment", "nats__size", "order-postgres__ownr"):
        assert "not allowed" in refusal("banyan", **{key: "1"}), key


def test_a_setting_of_another_service_is_refused(refusal: Refusal) -> None:
    assert "not allowed" in refusal("cart", config='{"ORDER_LEASE_S": "5"}')
    assert "does not match pattern" in refusal("order", config='{"ORDER_LEASE_S": "soon"}')
    assert "want" in refusal("order", config='{"ORDER_LEASE_S": 5}')


def test_rendering_the_whole_takes_little_time(render: Render) -> None:
    took_s = []
    for number in range(3):
        began = time.monotonic()
        render("banyan", **{"global__otlpEndpoint": f'"http://collector:431{number}"'})
        took_s.append(time.monotonic() - began)
    assert min(took_s) < RENDERED_S


@pytest.mark.parametrize(
    "file", sorted(HELM.rglob("templates/*")), ids=lambda file: str(file.relative_to(HELM))
)
def test_no_template_is_long(file: Any) -> None:
    assert len(file.read_text().splitlines()) <= 60


@pytest.mark.parametrize(
    "file", sorted(HELM.rglob("values*.yaml")), ids=lambda file: str(file.relative_to(HELM))
)
def test_no_values_file_is_long(file: Any) -> None:
    assert len(file.read_text().splitlines()) <= 80


def test_migrations_run_before_the_rollout_or_before_each_pod(render: Render) -> None:
    job = render("order").one("Job", "order-migrations")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert "initContainers" not in render("order").pods()["Deployment order"]
    by_init = render("order", migrations__mode='"init"')
    assert by_init.of("Job") == []
    first = by_init.pods()["Deployment order"]["initContainers"][0]
    assert first["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "order-database", "key": "url"}
    assert re.fullmatch(r"banyan/order-migrations:.+", first["image"])
    assert render("order", migrations__enabled="false").of("Job") == []
