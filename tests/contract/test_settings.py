"""Settings and README of each Python service tell of the same variables."""

from __future__ import annotations

import importlib
import re
from typing import Final

import pytest

from local import topology
from meshkit.settings import ServiceSettings
from tests.contract.contracts import ROOT, report

PYTHON: Final = [row.name for row in topology.SERVICES if row.language == "python"]
# What comes with the platform's settings and does nothing here.
WITHOUT_EFFECT: Final = {
    # It opens no gRPC port and has nothing to do with the broker.
    "gateway": {
        "GATEWAY_GRPC_LISTEN",
        "GATEWAY_MAX_CONCURRENT_RPCS",
        "GATEWAY_MAX_CONNECTION_AGE_S",
        "NATS_URL",
    },
}
REASONS: Final = {"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "INVALID_ARGUMENT"}
VARIABLE: Final = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")


def settings_class(service: str) -> type[ServiceSettings]:
    """The one settings class that a service's module defines."""
    module = importlib.import_module(f"{service}.settings")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.__module__ == module.__name__
    ]
    assert len(found) == 1, found
    return found[0]


def variables(service: str) -> set[str]:
    """Every variable the settings are read from."""
    cls = settings_class(service)
    prefix = str(cls.model_config.get("env_prefix", ""))
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()
        for name, field in cls.model_fields.items()
    }


def documented(service: str) -> set[str]:
    """Variables named in the README's part on settings."""
    text = (ROOT / f"services/{service}/README.md").read_text()
    _, _, part = text.partition("\n## Settings\n")
    return set(VARIABLE.findall(part.partition("\n## ")[0])) - REASONS


@pytest.mark.parametrize("service", PYTHON)
def test_the_readme_has_every_variable(service: str) -> None:
    report(
        sorted(variables(service) - documented(service) - WITHOUT_EFFECT.get(service, set())),
        f"not in services/{service}/README.md",
    )


@pytest.mark.parametrize("service", PYTHON)
def test_the_readme_has_no_variable_that_nobody_reads(service: str) -> None:
    report(sorted(documented(service) - variables(service)), f"in services/{service}/README.md, but not read")


@pytest.mark.parametrize("service", PYTHON)
def test_variables_follow_the_names_of_the_mesh(service: str) -> None:
    shared = {
        "NATS_URL",
        "BANYAN_ENVIRONMENT",
        "BANYAN_CLOCK_OFFSET_S",
        "BANYAN_SERVICE_CONFIG_FILE",
        "BANYAN_LIVE_FILE",
        "BANYAN_JWT_SIGNING_KEY_FILE",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        *(row.env for row in topology.STAND_INS if row.used_by == service),
        *(f"{name.upper()}_ADDR" for name in topology.service(service).upstreams),
    }
    report(
        sorted(name for name in variables(service) - shared if not name.startswith(f"{service.upper()}_")),
        "own variables begin with the service's name",
    )
    addresses = {name for name in variables(service) if name.endswith("_ADDR")}
    assert addresses == {f"{name.upper()}_ADDR" for name in topology.service(service).upstreams}
