"""What every service's chart renders, alone: safe pods, probes, callers by name, a budget, a spread."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from local import topology
from local.topology import ServiceRow
from tests.charts.conftest import Rendered

Render = Callable[..., Rendered]
Json = dict[str, Any]
each_service = pytest.mark.parametrize("row", topology.SERVICES, ids=lambda row: row.name)
HA: Final = "ci/ha-values.yaml"


def pod_of(rendered: Rendered, name: str) -> Json:
    spec: Json = rendered.one("Deployment", name)["spec"]["template"]["spec"]
    return spec


def container_of(rendered: Rendered, name: str) -> Json:
    container: Json = pod_of(rendered, name)["containers"][0]
    return container


@each_service
def test_the_pod_is_restricted(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name)
    for spec in rendered.pods().values():
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == 65532
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"] + spec.get("initContainers", []):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@each_service
def test_it_has_an_account_of_its_own(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name)
    assert rendered.one("ServiceAccount", row.name)["automountServiceAccountToken"] is False
    assert pod_of(rendered, row.name)["serviceAccountName"] == row.name


@each_service
def test_only_its_callers_come_in(render: Render, row: ServiceRow) -> None:
    policy = render(row.name).one("NetworkPolicy", row.name)["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    by_port = {rule["ports"][0]["port"]: rule.get("from") for rule in policy["ingress"]}
    if row.name == "gateway":
        assert by_port["http"] is None
    else:
        seeded = ["seed"] if row.name in {"user", "product", "inventory"} else []
        named = by_port["grpc"][0]["podSelector"]["matchExpressions"][0]["values"]
        assert named == topology.callers(row.name) + seeded
    assert by_port["admin"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]


@each_service
def test_it_speaks_only_to_whom_it_needs(render: Render, row: ServiceRow) -> None:
    policy = render(row.name).one("NetworkPolicy", row.name)["spec"]
    allowed = {
        (rule["ports"][0]["port"], name)
        for rule in policy["egress"]
        if "to" in rule
        for name in rule["to"][0]["podSelector"]["matchExpressions"][0]["values"]
    }
    store_ports = {"postgres": 5432, "nats": 4222, "redis": 6379}
    expected = {(50051, name) for name in row.upstreams}
    expected |= {
        (store_ports[store], f"{row.name}-postgres" if store == "postgres" else store) for store in row.stores
    }
    expected |= {(8080, each.name) for each in topology.STAND_INS if each.used_by == row.name}
    assert allowed == expected


@each_service
def test_it_learns_its_upstreams_by_name(render: Render, row: ServiceRow) -> None:
    data = render(row.name).one("ConfigMap", row.name)["data"]
    found = {name: value for name, value in data.items() if value.startswith("dns:///")}
    assert found == {f"{name.upper()}_ADDR": f"dns:///{name}:50051" for name in row.upstreams}
    assert all(isinstance(value, str) for value in data.values())


@each_service
def test_probes_ask_what_they_should(render: Render, row: ServiceRow) -> None:
    container = container_of(render(row.name), row.name)
    readiness = container["readinessProbe"]
    assert readiness.get("grpc") == (None if row.name == "gateway" else {"port": 50051})
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/livez", "port": "admin"}


@each_service
def test_its_service_is_headless_unless_it_is_the_edge(render: Render, row: ServiceRow) -> None:
    spec = render(row.name).one("Service", row.name)["spec"]
    assert spec.get("clusterIP") == (None if row.name == "gateway" else "None")


@each_service
def test_resources_are_told_and_no_processor_limit(render: Render, row: ServiceRow) -> None:
    resources = container_of(render(row.name), row.name)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}


@each_service
def test_the_grace_period_covers_the_drain(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name, drain__preStopSeconds="4", drain__delaySeconds="6", drain__graceSeconds="20")
    assert pod_of(rendered, row.name)["terminationGracePeriodSeconds"] == 4 + 6 + 20 + 5
    data = rendered.one("ConfigMap", row.name)["data"]
    assert (data[f"{row.prefix}_DRAIN_DELAY_S"], data[f"{row.prefix}_DRAIN_GRACE_S"]) == ("6", "20")
    assert container_of(rendered, row.name)["lifecycle"] == {"preStop": {"sleep": {"seconds": 4}}}


@pytest.mark.parametrize(
    "row", [row for row in topology.SERVICES if row.name != "gateway"], ids=lambda row: row.name
)
def test_a_pod_that_has_left_the_dns_serves_until_its_callers_know(render: Render, row: ServiceRow) -> None:
    for seconds in (5, 30):
        rendered = render(row.name, global__dnsSeconds=str(seconds))
        hook = container_of(rendered, row.name)["lifecycle"]["preStop"]
        assert hook == {"sleep": {"seconds": seconds + 5}}
        assert pod_of(rendered, row.name)["terminationGracePeriodSeconds"] == seconds + 5 + 3 + 10 + 5


@each_service
def test_a_change_of_configuration_rolls_the_pods(render: Render, row: ServiceRow) -> None:
    def checksum(rendered: Rendered) -> str:
        template = rendered.one("Deployment", row.name)["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    changed = render(row.name, config=json.dumps({f"{row.prefix}_LOG_LEVEL": "debug"}))
    assert checksum(changed) != checksum(render(row.name))
    assert changed.one("ConfigMap", row.name)["data"][f"{row.prefix}_LOG_LEVEL"] == "debug"


@each_service
def test_a_change_of_live_settings_rolls_no_pod(render: Render, row: ServiceRow) -> None:
    plain, changed = render(row.name), render(row.name, live__trace_percent="5")
    assert plain.one("Deployment", row.name) == changed.one("Deployment", row.name)
    assert json.loads(changed.one("ConfigMap", f"{row.name}-live")["data"]["live.json"]) == {
        "trace_percent": 5
    }
    mounts = {each["name"]: each for each in container_of(changed, row.name)["volumeMounts"]}
    folder = mounts["live"]["mountPath"]
    assert "subPath" not in mounts["live"], "Kubernetes never renews a single file"
    assert changed.one("ConfigMap", row.name)["data"]["BANYAN_LIVE_FILE"] == f"{folder}/live.json"


@each_service
def test_the_collector_of_traces_may_be_reached(render: Render, row: ServiceRow) -> None:
    def ports(endpoint: str) -> set[int]:
        rendered = render(row.name, **{"global__otlpEndpoint": f'"{endpoint}"'})
        rules = rendered.one("NetworkPolicy", row.name)["spec"]["egress"]
        return {port["port"] for rule in rules if "to" not in rule for port in rule["ports"]}

    assert ports("http://collector.example:4444") == {53, 4444}
    assert ports("http://collector.example") == {53, 4317}
    assert ports("") == {53}


SYNCING: Final = [row for row in topology.SERVICES if row.language in ("python", "typescript")]


@pytest.mark.parametrize("row", SYNCING, ids=lambda row: row.name)
def test_sources_are_on_a_volume_when_new_ones_may_be_brought(render: Render, row: ServiceRow) -> None:
    pod = pod_of(render(row.name, dev__sync="true"), row.name)
    first = next(each for each in pod["initContainers"] if each["name"] == "sources")
    container = pod["containers"][0]
    assert first["image"] == container["image"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    starts_again = {"python": "meshkit.dev", "typescript": "--watch-path=/app/src"}
    assert starts_again[row.language] in container["command"]
    assert {"name": "sources", "mountPath": "/app/src"} in container["volumeMounts"]
    assert first["volumeMounts"] == [{"name": "sources", "mountPath": "/sources"}]
    plain = pod_of(render(row.name), row.name)
    assert "/app/src" not in str(plain)
    assert "command" not in plain["containers"][0]


@pytest.mark.parametrize("row", SYNCING, ids=lambda row: row.name)
def test_nobody_brings_sources_into_production(refusal: Callable[..., str], row: ServiceRow) -> None:
    said = refusal(row.name, dev__sync="true", **{"global": '{"environment": "production"}'})
    assert "dev.sync lets new sources into running pods" in said


@each_service
def test_a_budget_and_a_spread_keep_it_alive(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name, HA)
    budget = rendered.one("PodDisruptionBudget", row.name)["spec"]
    assert budget["minAvailable"] == 1
    assert "maxUnavailable" not in budget
    assert render(row.name).one("PodDisruptionBudget", row.name)["spec"]["maxUnavailable"] == 1
    spread = pod_of(rendered, row.name)["topologySpreadConstraints"][0]
    assert spread["labelSelector"] == budget["selector"]


@each_service
def test_secrets_come_by_reference(render: Render, row: ServiceRow) -> None:
    environment = container_of(render(row.name), row.name).get("env", [])
    assert all("valueFrom" in each for each in environment)
    expected = {"postgres": f"{row.prefix}_DATABASE_URL", "redis": f"{row.prefix}_REDIS_URL"}
    assert {each["name"] for each in environment} == {
        expected[store] for store in row.stores if store in expected
    }


@each_service
def test_a_rollout_takes_no_pod_away_before_the_new_one_is_ready(render: Render, row: ServiceRow) -> None:
    strategy = render(row.name).one("Deployment", row.name)["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}


@each_service
def test_an_image_by_digest_wins_over_its_tag(render: Render, row: ServiceRow) -> None:
    digest = "sha256:" + "a" * 64
    rendered = render(
        row.name,
        image=json.dumps({"tag": "x", "digest": digest}),
        **{"global": '{"imageRegistry": "r.example"}'},
    )
    assert container_of(rendered, row.name)["image"] == f"r.example/banyan/{row.name}@{digest}"
