"""What developers and operators do with a running shop: bring new sources, break it on purpose, compare its books."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.cluster import Cluster
from tests.support.eventually import eventually

MINUTES: Final = 2.5
REPLICAS: Final = [
    word
    for name in ("user", "product", "cart", "inventory", "payment", "shipping", "order", "gateway")
    for word in ("--set", f"{name}.replicas=2")
]


@pytest.fixture(autouse=True)
def as_before(shop: Cluster) -> Iterator[None]:
    """Whatever a test did to the release is undone, also when it failed."""
    yield
    shop.upgrade()


def bring(shop: Cluster, pod: str, files: dict[str, str]) -> None:
    """As skaffold does: a tar through `kubectl exec`, into the folder of the sources."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    words = ("exec", "-i", pod, "--", "tar", "xf", "-", "-C", "/app/src", "--no-same-owner")
    command = [str(shop.kubectl_path), "-n", shop.namespace, *words]
    subprocess.run(command, input=packed.getvalue(), check=True, capture_output=True, timeout=60)


def test_new_python_sources_are_taken_up_by_a_running_pod(shop: Cluster) -> None:
    shop.upgrade("--set", "product.dev.sync=true")
    pod = shop.ready("product", 1)[0]
    name = pod.metadata.name
    source = Path("services/product/src/product/__main__.py").read_text()
    changed = source.replace("if __name__", 'print("sources of the test", flush=True)\n\nif __name__')
    bring(shop, name, {"product/__main__.py": changed})
    shop.kubectl("exec", name, "--", "/venv/bin/python", "-c", "import os, signal; os.kill(1, signal.SIGHUP)")
    eventually(lambda: "sources of the test" in shop.kubectl("logs", name, "-c", "product"), 60, 1)
    eventually(lambda: [each.metadata.name for each in shop.ready("product")] == [name], 60, 1)
    restarts = [each.restart_count for each in shop.ready("product")[0].status.container_statuses]
    assert restarts == [0]


def test_new_typescript_sources_are_taken_up_by_a_running_pod(shop: Cluster) -> None:
    shop.upgrade("--set", "notification.dev.sync=true")
    name = shop.ready("notification", 1)[0].metadata.name
    source = Path("services/notification/src/main.ts").read_text()
    bring(shop, name, {"main.ts": source + 'console.log("sources of the test");\n'})
    eventually(lambda: "sources of the test" in shop.kubectl("logs", name, "-c", "notification"), 60, 1)
    eventually(lambda: [each.metadata.name for each in shop.ready("notification")] == [name], 60, 1)


def test_chaos_breaks_no_promise(shop: Cluster, tmp_path: Path) -> None:
    shop.upgrade(*REPLICAS)
    report = tmp_path / "chaos.html"
    words = ("--minutes", f"{MINUTES:g}", "--seed", "5", "--rate", "3", "--report", str(report), "--json")
    said = shop.banyan("chaos", "--namespace", shop.namespace, *words, deadline_s=540, expect=None)
    outcome: dict[str, Any] = json.loads(said)
    broken = [each for each in outcome["promises"] if not each["kept"]]
    assert broken == []
    assert {each["kind"] for each in outcome["faults"]} >= {"kill", "restart"}
    assert report.stat().st_size > 10_000
