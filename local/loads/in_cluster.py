"""locust in a pod of the shop's namespace: it sees what a client inside the cluster sees, new pods of the edge included."""

from __future__ import annotations

import json
import re
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.cluster.kube import kubectl_output
from local.errors import LocalError
from local.images import table
from local.loads.locust import JOURNAL, Run, command
from local.loads.shapes import FOLDER
from local.loads.told import Told, listening

POD: Final = "load"
PYTHON: Final = "/venv/bin/python"
START_S: Final = 180
LOOK_S: Final = 5
PULLED: Final = re.compile(r"ErrImage|ImagePullBackOff|InvalidImageName")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod that waits to be told; `kubectl` is the program."""

    kubectl: Path
    namespace: str

    def _ask(self, *words: str, stdin: str = "") -> str:
        return kubectl_output(self.kubectl, "-n", self.namespace, *words, stdin=stdin, deadline_s=START_S)

    def start(self, image: str) -> None:
        """Makes it and waits until it stands; LocalError that says why it does not."""
        documents = {"apiVersion": "v1", "kind": "List", "items": [manifest(image), policy()]}
        self.stop()
        self._ask("apply", "-f", "-", stdin=json.dumps(documents))
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                self._ask("wait", "--for=condition=Ready", f"pod/{POD}", f"--timeout={LOOK_S}s")
            except LocalError:
                if PULLED.search(why := self._why_not()):
                    self.stop()
                    raise LocalError(
                        f"{image} can't be had ({why}): push it by `./banyan images push loadtests`, or name one by --image"
                    ) from None
            else:
                return
        raise LocalError(f"the pod {POD} did not start within {START_S} s: {self._why_not()}")

    def stop(self) -> None:
        """Takes it away; whatever runs in it ends."""
        what = (f"pod/{POD}", f"networkpolicy/{POD}")
        self._ask("delete", *what, "--ignore-not-found", "--wait=true")

    def running(self, run: Run) -> AbstractContextManager[Told]:
        """Locust runs in it."""
        assert run.shape is not None
        file = f"/app/loadtests/shapes/{run.shape.file.relative_to(FOLDER)}"
        files = f"/app/loadtests/locustfile.py,{file}"
        words = [str(self.kubectl), "-n", self.namespace, "exec", POD, "--"]
        return listening([*words, *command(PYTHON, run, files=files, more=JOURNAL)])

    def _why_not(self) -> str:
        """What its container waits for, in the cluster's own words."""
        path = "{.status.containerStatuses[*].state.waiting['reason','message']}"
        return self._ask("get", "pod", POD, "-o", f"jsonpath={path}").strip()


def own_image(kubectl: Path, namespace: str) -> str:
    """The image of this tree's locust, beside the one that the gateway there was pulled from; LocalError without a shop."""
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    gateway = kubectl_output(kubectl, "-n", namespace, "get", "deployment", "gateway", "-o", path)
    (image,) = table.chosen(["loadtests"])
    return f"{gateway.rsplit('/', 1)[0]}/{image.name}:{table.tag(image)}"


def manifest(image: str) -> Json:
    """The pod: fits into a namespace that enforces the `restricted` standard; staff come from the shop's secret."""
    container = {
        "name": POD,
        "image": image,
        "env": [
            {"name": "PYTHONUNBUFFERED", "value": "1"},
            *(
                {
                    "name": f"BANYAN_STAFF_{key.upper()}",
                    "valueFrom": {"secretKeyRef": {"name": "staff", "key": key}},
                }
                for key in ("email", "password")
            ),
        ],
        "resources": {
            "requests": {"cpu": "10m", "memory": "96Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the container's own
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": {"app.kubernetes.io/name": POD}},
        "spec": {
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "containers": [container],
        },
    }


def policy(name: str = POD) -> Json:
    """The pod of that name may call the edge and ask for names, where nobody may do anything by default."""
    edge = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}
    dns = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [{"to": [edge], "ports": [{"port": 8080}]}, {"ports": dns}],
        },
    }
