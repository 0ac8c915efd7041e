"""Three ways to scale: not at all, by the service's own signal, by CPU and memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local import topology
from local.topology import ServiceRow
from tests.charts.conftest import NAMESPACE, Rendered
from tests.support.topology import EVENTS

Render = Callable[..., Rendered]
Refusal = Callable[..., str]
each_service = pytest.mark.parametrize("row", topology.SERVICES, ids=lambda row: row.name)


@each_service
def test_without_scaling_the_replicas_are_told(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name, replicas="3")
    assert rendered.one("Deployment", row.name)["spec"]["replicas"] == 3
    assert rendered.of("ScaledObject", "HorizontalPodAutoscaler") == []


@each_service
def test_by_signals_keda_has_the_word(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name, "ci/ha-values.yaml")
    assert "replicas" not in rendered.one("Deployment", row.name)["spec"]
    spec = rendered.one("ScaledObject", row.name)["spec"]
    assert spec["scaleTargetRef"] == {"name": row.name}
    assert spec["minReplicaCount"] == 2
    assert spec["triggers"]
    behaviour = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behaviour["scaleDown"]["stabilizationWindowSeconds"] >= 60
    for trigger in spec["triggers"]:
        if trigger["type"] == "prometheus":
            assert f'namespace="{NAMESPACE}"' in trigger["metadata"]["query"]
            assert "$" not in trigger["metadata"]["query"]
            assert trigger["metadata"]["ignoreNullValues"] == "false"
            assert spec["fallback"]["replicas"] >= 1
            assert spec["fallback"]["behavior"] == "currentReplicasIfHigher", "blind, nobody is scaled in"


def test_every_service_has_a_signal_of_its_own(render: Render) -> None:
    signals = {}
    for row in topology.SERVICES:
        spec = render(row.name, "ci/ha-values.yaml").one("ScaledObject", row.name)["spec"]
        first = spec["triggers"][0]
        signals[row.name] = first["metadata"].get("query") or f"{first['type']} {first['metadata']}"
    metrics = {
        "gateway": "http_requests_total",
        "product": "rpc_server_call_duration_seconds_count",
        "cart": "rpc_server_call_duration_seconds_sum",
        "inventory": "db_pool_wait_seconds_sum",
        "order": "order_workflows_in_flight",
        "payment": "db_pool_use_seconds_sum",
        "shipping": "shipping_oldest_unlabelled_age_seconds",
        "user": "process_cpu_seconds_total",
        "notification": "nats-jetstream",
    }
    assert set(metrics) == set(signals)
    assert all(metric in signals[name] for name, metric in metrics.items()), signals
    assert len(set(signals.values())) == len(signals)


def test_notification_waits_for_the_consumers_that_it_has(render: Render) -> None:
    triggers = render("notification", autoscaling__mode='"signals"').one("ScaledObject", "notification")[
        "spec"
    ]["triggers"]
    consumers = {each["metadata"]["consumer"] for each in triggers if each["type"] == "nats-jetstream"}
    heard = {row.producer for row in EVENTS if "notification" in row.consumers}
    assert consumers == {f"notification-{producer}" for producer in heard}


def test_one_knob_scales_every_threshold(render: Render) -> None:
    values = {"autoscaling__mode": '"signals"', "autoscaling__signals__thresholdPercent": "50"}
    (trigger,) = render("gateway", **values).one("ScaledObject", "gateway")["spec"]["triggers"]
    assert trigger["metadata"]["threshold"] == "400"


def test_notification_goes_down_to_nothing(render: Render) -> None:
    rendered = render("notification", autoscaling__mode='"signals"')
    assert rendered.one("ScaledObject", "notification")["spec"]["minReplicaCount"] == 0


@each_service
def test_by_resources_an_ordinary_autoscaler_does_it(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name, autoscaling__mode='"resource"')
    spec = rendered.one("HorizontalPodAutoscaler", row.name)["spec"]
    assert {metric["resource"]["name"] for metric in spec["metrics"]} == {"cpu", "memory"}
    assert spec["minReplicas"] >= 1
    assert rendered.of("ScaledObject") == []


@pytest.mark.parametrize(
    "behavior",
    [
        {"scaleup": {}},
        {"scaleDown": {"stabilisationWindowSeconds": 5}},
        {"scaleUp": {"policies": [{"type": "Pod", "value": 1, "periodSeconds": 5}]}},
        {"scaleUp": {"policies": [{"type": "Pods", "value": 1}]}},
    ],
)
def test_a_behavior_that_kubernetes_would_not_take_is_refused(
    refusal: Callable[..., str], behavior: Any
) -> None:
    assert "autoscaling" in refusal("user", autoscaling__behavior=json.dumps(behavior))


def test_memory_is_left_out_on_request(render: Render) -> None:
    rendered = render("user", autoscaling__mode='"resource"', autoscaling__resource__memoryPercent="0")
    (metric,) = rendered.one("HorizontalPodAutoscaler", "user")["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"


@pytest.mark.parametrize("name", ["order", "payment", "inventory"])
def test_replicas_that_the_database_cant_hold_are_refused(refusal: Refusal, name: str) -> None:
    said = refusal(name, autoscaling__mode='"signals"', autoscaling__maxReplicas="30")
    assert "30 replicas and one more during a rollout" in said
    assert "the database has 60" in said


def test_every_reason_is_told_at_once(refusal: Refusal) -> None:
    said = refusal(
        "order",
        autoscaling='{"mode": "signals", "minReplicas": 9, "maxReplicas": 8, "signals": {"triggers": []}}',
        pdb='{"minAvailable": 1, "maxUnavailable": 1}',
        **{"global__environment": '"production"'},
    )
    for reason in (
        "not both",
        "minReplicas 9 is above maxReplicas 8",
        "needs autoscaling.signals.triggers",
        "during a rollout",
        "ORDER_TOKEN_KEY is missing",
    ):
        assert reason in said, said


@pytest.mark.parametrize("name", ["payment", "shipping", "notification"])
def test_production_takes_no_stand_in(refusal: Refusal, name: str) -> None:
    assert "a stand-in" in refusal(name, **{"global__environment": '"production"'})


def test_a_budget_that_no_node_could_be_drained_under_is_refused(refusal: Refusal) -> None:
    assert "no node could ever be drained" in refusal("cart", pdb='{"enabled": true, "minAvailable": 1}')
