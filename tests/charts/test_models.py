"""Every object that the charts render, read into the official client's model of its kind: no field misspelt, none missing.

The API server drops unknown fields in silence, so that a misspelt probe is no probe.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from kubernetes import client
from pydantic import ValidationError

from local.charts.schema import HELM
from tests.charts.conftest import Rendered

Json = dict[str, Any]
CUSTOM: Final = {
    "ScaledObject": {"scaleTargetRef", "triggers", "minReplicaCount", "maxReplicaCount"},
    "HTTPRoute": {"parentRefs", "rules"},
    "PodMonitor": {"selector", "podMetricsEndpoints"},
    "PrometheusRule": {"groups"},
}
"""Kinds that the client knows nothing of, and what their specification can't do without."""
FILES: Final = [
    ("banyan", "values.yaml"),
    ("banyan", "values-test.yaml"),
    ("banyan", "values-prod.yaml"),
    *((path.parent.parent.name, f"ci/{path.name}") for path in sorted(HELM.glob("charts/*/ci/*.yaml"))),
]


def model_of(document: Json) -> str:
    """`apps/v1` and Deployment → V1Deployment."""
    version = str(document["apiVersion"]).rpartition("/")[2]
    return f"{version[0].upper()}{version[1:]}{document['kind']}"


def problems(document: Json) -> list[str]:
    """What is wrong with one object."""
    kind = document["kind"]
    where = f"{kind} {document['metadata']['name']}"
    if kind in CUSTOM:
        return [f"{where}: no {field}" for field in CUSTOM[kind] - set(document["spec"])]
    try:
        getattr(client, model_of(document)).model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [f"{where}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found]
    return []


@pytest.mark.parametrize(("chart", "file"), FILES, ids=str)
def test_every_object_is_what_kubernetes_knows(
    render: Callable[..., Rendered], chart: str, file: str
) -> None:
    documents = render(chart, file).all
    assert documents
    assert [problem for document in documents for problem in problems(document)] == []


def test_a_misspelt_field_and_a_missing_one_are_seen(render: Callable[..., Rendered]) -> None:
    good = render("cart").one("Deployment", "cart")
    wrong = json.loads(json.dumps(good))
    container = wrong["spec"]["template"]["spec"]["containers"][0]
    container["readynessProbe"] = container.pop("readinessProbe")
    assert [each for each in problems(wrong) if "readynessProbe: Extra inputs are not permitted" in each]
    wrong = json.loads(json.dumps(good))
    del wrong["spec"]["selector"]
    assert [each for each in problems(wrong) if "selector" in each]
    assert problems(good) == []
