"""People in the shop, in a pod of their own: they see what a client inside the cluster sees."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from local.loads.in_cluster import policy
from tests.support.cluster import Cluster

POD: Final = "shopper"
PRODUCT: Final = ("/v1/products/{product}",)
END_S: Final = 120.0
# What a client may repeat with the same key: no answer, "not now", "not here".
MENDABLE: Final = frozenset({0, 401, 408, 429, 502, 503, 504})
Json = dict[str, Any]


@dataclass
class Seen:
    """What the people saw; filled when the load has ended."""

    requests: list[Json] = field(default_factory=list)
    orders: list[Json] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Json]:
        """Requests that got no answer, or a failure, even by repeating."""
        return [each for each in self.requests if not each["served"]]

    @property
    def failed_tries(self) -> Counter[str]:
        """Single HTTP requests that were not served, by status and code."""
        return Counter(
            f"{status} {code}".strip()
            for each in self.requests
            for _, _, status, code in each["tries"]
            if status == 0 or status >= 500
        )

    @property
    def tries(self) -> int:
        """Single HTTP requests in all."""
        return sum(len(each["tries"]) for each in self.requests)


def manifest(image: str) -> str:
    """The pod: it fits into a namespace that enforces the `restricted` standard, and waits to be told."""
    container = {
        "name": POD,
        "image": image,
        "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    security = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    spec = {
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "securityContext": security,
        "containers": [container],
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": {"app.kubernetes.io/name": POD}},
        "spec": spec,
    }
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, policy(POD)]})


@contextmanager
def shopping(
    cluster: Cluster, *, orders: float, reads: float = 0.0, paths: Sequence[str] = PRODUCT, seed: int = 1
) -> Iterator[Seen]:
    """People shop for as long as the context lasts, `orders` begun and `reads` (of `paths` in turn) made each second.

    Their last answers are awaited at the end; then what they saw is in the value that was given.
    """
    seen = Seen()
    words = [str(cluster.kubectl_path), "-n", cluster.namespace, "exec", "-i", POD, "--"]
    words += ["/venv/bin/python", "-m", "local.chaos.shopper"]
    task = {
        "gateways": ["http://gateway:8080"],
        "staff": cluster.staff,
        "rate": orders,
        "reads": reads,
        "paths": list(paths),
        "seed": seed,
    }
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            first = process.stdout.readline()
            if first.strip() != "ready":
                raise AssertionError(f"the people can't shop: {process.communicate(timeout=END_S)}")
            yield seen
            output, errors = process.communicate(timeout=END_S)
            assert process.returncode == 0, errors[-3000:]
        finally:
            process.kill()
    document = json.loads(output)
    seen.requests, seen.orders, seen.odd = document["requests"], document["orders"], document["odd"]


def until_requests(started: float, rate: float, least: float) -> float:
    """Seconds still to wait until `least` requests were begun at `rate` a second since `started` (monotonic)."""
    return max(least / rate - (time.monotonic() - started), 0.0)
