"""Alerts: each asks for metrics that exist, in this namespace, and leads to a chapter of a runbook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
import yaml

from local import topology
from local.paths import ROOT
from local.topology import ServiceRow
from tests.charts.conftest import NAMESPACE, Rendered

Render = Callable[..., Rendered]
REPOSITORY: Final = "https://git.example.com/banyan/blob/main/"
ON: Final = {"monitor__rules__enabled": "true", "monitor__rules__repository": json.dumps(REPOSITORY)}
METRIC: Final = re.compile(r"([a-z_]+)\{")
each_service = pytest.mark.parametrize("row", topology.SERVICES, ids=lambda row: row.name)


def metrics(service: str) -> set[str]:
    """Names that a service may export."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "protos/config/telemetry.yaml").read_text())
    own = document.pop("services")[service] or {}
    return set(own) | {name for section in document.values() for name in section}


def anchors(runbook: str) -> set[str]:
    """The chapters of a Markdown file as links name them."""
    titles = re.findall(r"^#+ (.+)$", (ROOT / runbook).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def rules(rendered: Rendered, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rendered.one("PrometheusRule", service)["spec"]["groups"][0]["rules"]
    return found


@each_service
def test_there_is_none_unless_asked_for(render: Render, row: ServiceRow) -> None:
    assert render(row.name).of("PrometheusRule") == []


@each_service
def test_each_alert_can_fire_and_leads_to_what_to_do(render: Render, row: ServiceRow) -> None:
    rendered = render(row.name, **ON)
    for found in rendered.of("PrometheusRule"):
        for rule in found["spec"]["groups"][0]["rules"]:
            asked = METRIC.findall(rule["expr"])
            assert asked
            assert set(asked) <= metrics(row.name)
            assert rule["expr"].count(f'namespace="{NAMESPACE}"') == len(asked)
            assert "$" not in rule["expr"]
            assert rule["labels"]["severity"] in {"page", "ticket"}
            file, _, anchor = rule["annotations"]["runbook_url"].removeprefix(REPOSITORY).partition("#")
            assert anchor in anchors(file)


@each_service
def test_what_the_operator_s_prometheus_reads_has_the_label_that_is_asked_for(
    render: Render, row: ServiceRow
) -> None:
    """Prometheus by annotations has `app` from k8s/platform/prometheus-values.yaml."""
    rendered = render(row.name, monitor__podMonitor__enabled="true")
    (endpoint,) = rendered.one("PodMonitor", row.name)["spec"]["podMetricsEndpoints"]
    name_label = "__meta_kubernetes_pod_label_app_kubernetes_io_name"
    assert endpoint["relabelings"] == [{"sourceLabels": [name_label], "targetLabel": "app"}]
    labels = rendered.one("Deployment", row.name)["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == row.name


def test_alerts_that_lead_nowhere_are_refused(refusal: Callable[..., str]) -> None:
    said = refusal("order", monitor__rules__enabled="true")
    assert "monitor.rules: set repository" in said


def test_a_parked_order_wakes_somebody(render: Render) -> None:
    parked = next(rule for rule in rules(render("order", **ON), "order") if "parked" in rule["expr"])
    assert (parked["labels"]["severity"], parked["for"]) == ("page", "1m")


def test_an_alert_without_a_runbook_is_refused(refusal: Callable[..., str]) -> None:
    alert = {"alert": "Bad", "expr": "up == 0", "for": "1m", "severity": "page", "summary": "Bad"}
    said = refusal("order", monitor__rules__alerts=json.dumps([alert]), **ON)
    assert "runbook" in said
