"""A shop in a Kubernetes cluster, driven as an operator would: helm, kubectl, and the API for looking."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from kubernetes import client, config
from kubernetes.client import V1Pod

from local.cluster import tools
from tests.support.eventually import eventually

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CHARTS: Final = ROOT / "helm/charts"
UMBRELLA: Final = ROOT / "helm/banyan"
RELEASE: Final = "banyan"
READY_S: Final = 300.0
Json = dict[str, Any]


@dataclass
class Cluster:
    """One namespace of the cluster that KUBECONFIG names."""

    namespace: str
    values: Sequence[Path]
    """Values files of the umbrella, the last one wins: the images, and what makes it small."""
    kubectl_path: Path = field(default_factory=tools.kubectl)
    helm_path: Path = field(default_factory=tools.helm)
    registry: str = ""
    """Where its images come from."""
    installed_s: float = 0.0
    """How long the install took until every pod was ready; 0 before."""

    def __post_init__(self) -> None:
        config.load_kube_config(os.environ["KUBECONFIG"])
        self.core = client.CoreV1Api()
        self.apps = client.AppsV1Api()
        self.batch = client.BatchV1Api()
        self.policy = client.PolicyV1Api()

    def run(
        self, *words: str | Path, stdin: str | None = None, deadline_s: float = 120, expect: int | None = 0
    ) -> str:
        """A command's output; AssertionError that shows all of it when it ends with another code than `expect`."""
        done = subprocess.run(
            [str(word) for word in words],
            input=stdin,
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )
        said = f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        assert expect is None or done.returncode == expect, said
        return done.stdout

    def kubectl(self, *words: str, stdin: str | None = None, deadline_s: float = 120) -> str:
        """kubectl in the namespace."""
        return self.run(self.kubectl_path, "-n", self.namespace, *words, stdin=stdin, deadline_s=deadline_s)

    def helm(self, *words: str | Path, deadline_s: float = 420, expect: int | None = 0) -> str:
        """helm in the namespace."""
        return self.run(self.helm_path, "-n", self.namespace, *words, deadline_s=deadline_s, expect=expect)

    def banyan(self, *words: str, deadline_s: float = 300, expect: int | None = 0) -> str:
        """`./banyan WORDS`."""
        return self.run(ROOT / "banyan", *words, deadline_s=deadline_s, expect=expect)

    def upgrade(self, *words: str, wait: bool = True, expect: int | None = 0) -> str:
        """`helm upgrade --install` of the umbrella with the files of `values` and then `words`."""
        files = [word for path in self.values for word in ("-f", path)]
        waits = ("--wait", "--wait-for-jobs", "--timeout", f"{READY_S:.0f}s") if wait else ()
        return self.helm(
            "upgrade",
            "--install",
            RELEASE,
            UMBRELLA,
            *files,
            *waits,
            *words,
            expect=expect,
            deadline_s=READY_S + 60,
        )

    def pods(self, name: str = "", *, live: bool = True) -> list[V1Pod]:
        """The pods of one chart, or all; those that are being deleted are left out when `live`."""
        selector = f"app.kubernetes.io/name={name}" if name else ""
        found: list[V1Pod] = self.core.list_namespaced_pod(self.namespace, label_selector=selector).items
        return [pod for pod in found if not (live and pod.metadata.deletion_timestamp)]

    def ready(self, name: str, count: int | None = None) -> list[V1Pod]:
        """The ready pods of one chart, waited for when `count` is given."""
        if count is None:
            return [pod for pod in self.pods(name) if is_ready(pod)]

        def enough() -> list[V1Pod]:
            pods = self.ready(name)
            assert len(pods) == count, f"{len(pods)} of {name} are ready, not {count}"
            return pods

        return eventually(enough, READY_S, 0.5)

    def only(self, name: str, count: int) -> list[V1Pod]:
        """Waits until a chart has `count` pods, all ready, and none that still stops: a drain shows until its end."""

        def settled() -> list[V1Pod]:
            pods = self.pods(name, live=False)
            going = [pod.metadata.name for pod in pods if pod.metadata.deletion_timestamp]
            ready = [pod.metadata.name for pod in pods if is_ready(pod)]
            assert (going, len(ready), len(pods)) == ([], count, count), (name, going, ready)
            return pods

        return eventually(settled, READY_S, 0.5)

    def scale(self, name: str, replicas: int) -> None:
        """Sets a service's replicas, by its value: `kubectl scale` would take the field from helm for good."""
        self.upgrade("--set", f"{name}.replicas={replicas}")

    def secret(self, name: str) -> dict[str, str]:
        """A secret in clear."""
        document = json.loads(self.kubectl("get", "secret", name, "-o", "json"))
        return {key: base64.b64decode(value).decode() for key, value in document["data"].items()}

    @cached_property
    def staff(self) -> tuple[str, str]:
        """How the member of staff logs in."""
        secret = self.secret("staff")
        return secret["email"], secret["password"]


def is_ready(pod: V1Pod) -> bool:
    """Whether its Ready condition is true."""
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())
