"""Where a load goes: the mesh that runs here, one in a cluster, or only an address."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from loadtests.observer.observer import Source
from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.loads.in_cluster import Pod, own_image
from local.loads.locust import JOURNAL, Run, command
from local.loads.told import listening
from local.paths import ROOT
from local.seeding.people import EMAIL_VARIABLE, PASSWORD_VARIABLE
from local.topology import SERVICES, split_name

EDGE: Final = "http://gateway:8080"


@dataclass(frozen=True, slots=True)
class Place:
    """A shop: how locust reaches it, what can be seen of it, and how locust is started there."""

    host: str
    source: Callable[[], Source] | None
    """A new look at it, for one observer."""
    running: Callable[[Run], Any]
    """Run → context manager of Told."""


@contextmanager
def here(url: str, python: Callable[[], Path]) -> Iterator[Place]:
    """The mesh that runs here, or `url`, of which nothing can be seen but its answers."""
    need_staff()
    status = {} if url else ask(Home.from_environment(), "status")
    host = url or gateway_of(status)
    interpreter = python()

    def running(run: Run) -> Any:
        return listening(command(interpreter, run, more=JOURNAL), cwd=ROOT)

    yield Place(host, None if url else partial(_mesh, status), running)


@contextmanager
def cluster(namespace: str, image: str) -> Iterator[Place]:
    """A namespace of the cluster that KUBECONFIG names; locust runs in a pod there, which is taken away at the end."""
    # Not at the top: only who has a cluster needs its client and its tools.
    from kubernetes import config  # noqa: PLC0415

    from loadtests.observer.cluster import Shop  # noqa: PLC0415
    from local.cluster.tools import kubectl  # noqa: PLC0415

    program = kubectl()
    pod = Pod(program, namespace)
    pod.start(image or own_image(program, namespace))
    try:
        config.load_kube_config(os.environ.get("KUBECONFIG"))
        names = {row.name: None for row in SERVICES}
        yield Place(EDGE, lambda: Shop(namespace, names, live=sys.stdout.isatty()), pod.running)
    finally:
        pod.stop()


def gateway_of(status: Mapping[str, Any]) -> str:
    """The gateway's address in the supervisor's answer; LocalError without one."""
    if not (url := str(status.get("base_url") or "")):
        raise LocalError("no gateway runs here: start the shop with `./banyan up`, or name one by --url")
    return url


def need_staff() -> None:
    """LocalError unless the environment names a member of staff."""
    missing = [each for each in (EMAIL_VARIABLE, PASSWORD_VARIABLE) if not os.environ.get(each)]
    if missing:
        raise LocalError(
            f"set {' and '.join(missing)} to a member of staff, who puts the goods on sale; "
            "`./banyan up` takes the same variables"
        )


def thresholds() -> dict[str, float]:
    """What one replica of each service may have of its signal, by the charts."""
    return {row.name: _threshold(row.name) for row in SERVICES}


def _threshold(service: str) -> float:
    values = yaml.safe_load((ROOT / f"helm/charts/{service}/values.yaml").read_text())
    (trigger,) = [each for each in values["autoscaling"]["signals"]["triggers"] if "query" in each]
    return float(trigger["threshold"])


def _mesh(status: Mapping[str, Any]) -> Source:
    from loadtests.observer.mesh import LocalMesh  # noqa: PLC0415 - only now

    return LocalMesh(metrics_of(status), thresholds())


def metrics_of(status: Mapping[str, Any]) -> dict[str, list[str]]:
    """Service → /metrics of each of its replicas, from the supervisor's answer."""
    names = {row.name for row in SERVICES}
    found: dict[str, list[str]] = {}
    for row in status["processes"]:
        service = split_name(row["name"])[0]
        if service in names and "admin" in row["addresses"]:
            found.setdefault(service, []).append(f"http://{row['addresses']['admin']}/metrics")
    return found
