"""What the kit exports is what `protos/config/telemetry.yaml` says: names, kinds, labels."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from meshkit import telemetry
from services._platform.python.tests.echo_process import ROOT

SECTIONS = ("common", "clients", "channels", "database", "producers", "consumers", "background", "live")


def written() -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((ROOT / "protos/config/telemetry.yaml").read_text())
    return {name: entry for section in SECTIONS for name, entry in document.get(section, {}).items()}


def exported() -> dict[str, MetricWrapperBase]:
    found = [value for value in vars(telemetry).values() if isinstance(value, MetricWrapperBase)]
    return {metric._name + ("_total" if metric._type == "counter" else ""): metric for metric in found}


def test_the_file_and_the_kit_name_the_same_metrics() -> None:
    assert set(exported()) == set(written())


@pytest.mark.parametrize("name", sorted(written()))
def test_kind_and_labels_agree(name: str) -> None:
    metric, entry = exported()[name], written()[name]
    assert metric._type == entry["kind"]
    assert sorted(metric._labelnames) == sorted(entry["labels"])
