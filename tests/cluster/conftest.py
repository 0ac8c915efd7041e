"""The shop on a cluster: any cluster that KUBECONFIG names, any registry that both it and this machine reach.

Without KUBECONFIG, `BANYAN_TEST_BED` may name a program that starts a cluster (`up`), tells where its file is
(`kubeconfig`) and takes it away (`down`). `BANYAN_TEST_REGISTRY` (default localhost:5000) is where images are pushed,
`BANYAN_TEST_NAMESPACE` (default banyan-test) is made at the start and removed at the end, unless `BANYAN_TEST_KEEP` is set.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from local.home import Home
from tests.support.cluster import Cluster
from tests.support.shopper import manifest

GONE_S = 180.0
UP_S = 600.0
HERE: Final = Path(__file__).parent
SCALING_COMES_BEFORE: Final = "test_6_uninstall.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of the files' numbers; scaling needs the shop, so it comes before that is taken away."""
    places = [number for number, item in enumerate(items) if item.path.is_relative_to(HERE)]
    in_order = sorted((items[number] for number in places), key=lambda item: _turn(item.path))
    for number, item in zip(places, in_order, strict=True):
        items[number] = item


def _turn(path: Path) -> tuple[str, int]:
    name = str(path.relative_to(HERE))
    return (SCALING_COMES_BEFORE, 0) if name.startswith("scaling/") else (name, 1)


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[None]:
    """KUBECONFIG is set: it was, or the test bed has been started."""
    bed = os.environ.get("BANYAN_TEST_BED", "")
    if os.environ.get("KUBECONFIG"):
        yield
        return
    if not bed:
        pytest.exit("tests/cluster need KUBECONFIG: the file of a cluster that they may install a shop on", 2)
    subprocess.run([bed, "up"], check=True, timeout=UP_S, stdout=subprocess.DEVNULL)
    try:
        found = subprocess.run([bed, "kubeconfig"], check=True, timeout=30, capture_output=True, text=True)
        os.environ["KUBECONFIG"] = found.stdout.strip()
        yield
    finally:
        subprocess.run([bed, "down"], check=False, timeout=120)


@pytest.fixture(scope="session")
def empty(kubeconfig: None) -> Iterator[Cluster]:
    """A namespace with its Pod Security labels, quota, limits and default deny, images pushed, secrets made."""
    images_go_to = os.environ.get("BANYAN_TEST_REGISTRY", "localhost:5000")
    namespace = os.environ.get("BANYAN_TEST_NAMESPACE", "banyan-test")
    images = Home.from_environment().path / "images-values.yaml"
    cluster = Cluster(namespace, [Path("helm/banyan/values-test.yaml"), images], registry=images_go_to)
    cluster.banyan("images", "push", "--registry", images_go_to, deadline_s=3_000)
    cluster.banyan("charts", "deps")
    remove(cluster)
    cluster.run(cluster.kubectl_path, "apply", "-f", "-", stdin=surroundings(cluster))
    cluster.banyan("secrets", "--namespace", namespace)
    yield cluster
    if not os.environ.get("BANYAN_TEST_KEEP"):
        remove(cluster)


@pytest.fixture(scope="session")
def installed(empty: Cluster) -> Cluster:
    """The umbrella installed and every pod ready; `installed_s` is how long that took."""
    began = time.monotonic()
    empty.upgrade()
    empty.installed_s = time.monotonic() - began
    return empty


@pytest.fixture(scope="session")
def shop(installed: Cluster) -> Cluster:
    """The shop, with a pod of people in it."""
    images = json.loads(installed.values[-1].with_name("images.json").read_text())
    installed.kubectl("apply", "-f", "-", stdin=manifest(images["shopper"]))
    installed.kubectl("wait", "--for=condition=Ready", "pod/shopper", "--timeout=120s", deadline_s=130)
    return installed


@pytest.fixture(scope="session")
def figures() -> Iterator[dict[str, object]]:
    """What was measured; kept in `<BANYAN_HOME>/test-logs/cluster-figures.json`."""
    found: dict[str, object] = {}
    yield found
    file = Home.from_environment().path / "test-logs/cluster-figures.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")


def surroundings(cluster: Cluster) -> str:
    """What `k8s/base` puts around the charts, for the namespace of the tests."""
    rendered = cluster.run(cluster.kubectl_path, "kustomize", "k8s/base")
    documents: list[dict[str, Any]] = [each for each in yaml.safe_load_all(rendered) if each]
    for each in documents:
        where = "name" if each["kind"] == "Namespace" else "namespace"
        each["metadata"][where] = cluster.namespace
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})


def remove(cluster: Cluster) -> None:
    """Everything, and waits until it is gone."""
    words = ("delete", "namespace", cluster.namespace, "--ignore-not-found", f"--timeout={GONE_S:.0f}s")
    cluster.run(cluster.kubectl_path, *words, deadline_s=GONE_S + 20)
