"""What a running service exports is what `protos/config/telemetry.yaml` says: names, kinds, labels.

Python services run here, each as a process of its own with real stores. cart, payment and notification hold themselves
to the same file in their own tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from local import topology
from tests.contract.contracts import PROTOS, ROOT, report
from tests.support.topology import CONSUMERS, NAMES, PRODUCERS, WITH_DATABASE, metric_sections

PYTHON: Final = [row.name for row in topology.SERVICES if row.language == "python"]
OTHERS: Final = [name for name in NAMES if name not in PYTHON]
LIBRARY: Final = ("process_", "python_")
READY_S: Final = 30.0
NOWHERE: Final = "127.0.0.1:1"
# The kit defines these in every process, also where nothing feeds them.
OF_THE_KIT: Final = (
    "common",
    "clients",
    "channels",
    "database",
    "producers",
    "consumers",
    "background",
    "live",
)
Metrics = dict[str, tuple[str, frozenset[str]]]


def declared(*sections: str, service: str = "") -> Metrics:
    """Kind and labels by name, from sections of the file, and the service's own when it is given."""
    document: dict[str, Any] = yaml.safe_load((PROTOS / "config/telemetry.yaml").read_text())
    rows = {name: row for section in sections for name, row in document[section].items()}
    rows |= document["services"].get(service) or {}
    return {name: (row["kind"], frozenset(row["labels"])) for name, row in rows.items()}


def environment(service: str, dsn: str, nats: str, redis: str) -> dict[str, str]:
    """Settings for a process on free ports, its neighbours out of reach."""
    row, prefix = topology.service(service), service.upper()
    values = {
        f"{prefix}_GRPC_LISTEN": "127.0.0.1:0",
        f"{prefix}_ADMIN_LISTEN": "127.0.0.1:0",
        f"{prefix}_HTTP_LISTEN": "127.0.0.1:0",
        f"{prefix}_DRAIN_GRACE_S": "1",
        f"{prefix}_DATABASE_URL": dsn,
        f"{prefix}_REDIS_URL": redis,
        "NATS_URL": nats,
        **{f"{name.upper()}_ADDR": NOWHERE for name in row.upstreams},
        **{
            stand_in.env: f"http://{NOWHERE}"
            for stand_in in topology.STAND_INS
            if stand_in.used_by == service
        },
    }
    return {"PATH": os.environ["PATH"], **values}


@contextmanager
def process(service: str, values: dict[str, str], log: Path) -> Iterator[str]:
    """The service as a process; gives the address of its admin port, and ends it by SIGTERM."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", service], cwd=log.parent, env=values, stdout=output, stderr=output
        )
    try:
        yield _admin_address(started, log)
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            assert started.wait(15) == 0, log.read_text()
        finally:
            started.kill()


def _admin_address(started: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and started.poll() is None:
        for line in log.read_text().splitlines():
            if (
                line.startswith("{")
                and line.endswith("}")
                and (entry := json.loads(line)).get("event") == "ready"
            ):
                return str(entry["admin"])
        time.sleep(0.05)
    raise AssertionError(f"not ready: {log.read_text()[-3000:]}")


def exported(admin: str) -> Metrics:
    """Kind and labels of every metric that a process exports, those of client libraries aside."""
    with urllib.request.urlopen(f"http://{admin}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    found: Metrics = {}
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        if name.startswith(LIBRARY) or family.name.endswith("_created"):
            continue
        labels = {label for sample in family.samples for label in sample.labels} - {"le", "quantile"}
        found[name] = (family.type, frozenset(labels))
    return found


@pytest.fixture
def metrics(
    request: pytest.FixtureRequest,
    database: Callable[[Path | str], str],
    nats_server: str,
    redis_server: str,
    tmp_path: Path,
) -> Metrics:
    """What the service of the test exports once it is ready."""
    service: str = request.param
    folder = ROOT / "services" / service
    dsn = database(folder) if service in WITH_DATABASE else ""
    values = environment(service, dsn, nats_server, redis_server)
    with process(service, values, tmp_path / f"{service}.log") as admin:
        return exported(admin)


@pytest.mark.parametrize(("service", "metrics"), [(name, name) for name in PYTHON], indirect=["metrics"])
def test_a_service_exports_what_is_declared_and_nothing_else(service: str, metrics: Metrics) -> None:
    wanted = declared(*metric_sections(service), "background", service=service)
    allowed = declared(*OF_THE_KIT, service=service)
    problems = [f"{name}: not exported" for name in wanted.keys() - metrics.keys()]
    problems += [f"{name}: not in telemetry.yaml" for name in metrics.keys() - allowed.keys()]
    for name in metrics.keys() & allowed.keys():
        kind, labels = metrics[name]
        if kind != allowed[name][0]:
            problems.append(f"{name}: a {kind}, declared as {allowed[name][0]}")
        if labels and labels != allowed[name][1]:
            problems.append(f"{name}: labels {sorted(labels)}, declared {sorted(allowed[name][1])}")
    report(problems, service)


@pytest.mark.parametrize("service", PYTHON)
def test_labels_are_declared_before_anything_is_counted(service: str) -> None:
    """A metric without a sample shows no labels: they are read where they are defined."""
    code = (
        f"import json, {service}.bootstrap, prometheus_client as p\n"
        "print(json.dumps({c._name: [c._type, c._labelnames]"
        " for c in p.REGISTRY._collector_to_names if hasattr(c, '_labelnames')}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    allowed = declared(*OF_THE_KIT, service=service)
    problems = []
    for stem, (kind, labels) in json.loads(done.stdout).items():
        name = f"{stem}_total" if kind == "counter" else stem
        if name not in allowed or (kind, frozenset(labels)) != allowed[name]:
            problems.append(f"{name}: {kind} with {labels}")
    report(problems, service)


def test_names_follow_the_conventions() -> None:
    problems = []
    for name, (kind, labels) in {
        **declared(*OF_THE_KIT),
        **{name: row for service in NAMES for name, row in declared(service=service).items()},
    }.items():
        if kind == "histogram" and not name.endswith("_seconds"):
            problems.append(f"{name}: which unit?")
        if kind == "counter" and not name.endswith("_total"):
            problems.append(f"{name}: counters end in _total")
        if kind not in ("counter", "gauge", "histogram"):
            problems.append(f"{name}: {kind}")
        if labels & {"user_id", "order_id", "email", "path", "request_id", "trace_id", "product_id"}:
            problems.append(f"{name}: a label with as many values as there are people or things")
    report(problems, "protos/config/telemetry.yaml")


def test_every_service_of_the_file_exists() -> None:
    document = yaml.safe_load((PROTOS / "config/telemetry.yaml").read_text())
    assert set(document["services"]) <= set(NAMES)
    own = [name for service in NAMES for name in declared(service=service)]
    assert len(own) == len(set(own)), "two services export the same name"
    report(
        [name for service in NAMES for name in declared(service=service) if not _own(name, service)],
        "a service's own metrics begin with its name",
    )


def _own(name: str, service: str) -> bool:
    return name.startswith("http_" if service == "gateway" else f"{service}_")


@pytest.mark.parametrize("service", OTHERS)
def test_other_languages_hold_themselves_to_the_file(service: str) -> None:
    folder = ROOT / "services" / service
    tests = [
        path
        for pattern in ("internal/**/*_test.go", "src/test/**/*.java", "test/**/*.ts")
        for path in folder.glob(pattern)
        if "telemetry.yaml" in path.read_text()
    ]
    assert tests, f"no test of {service} reads telemetry.yaml"


def test_the_table_of_sections_is_the_one_of_events() -> None:
    assert set(NAMES) >= PRODUCERS and set(NAMES) >= CONSUMERS
