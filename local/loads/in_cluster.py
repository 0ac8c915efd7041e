"""locust in a pod of the shop's namespace: it sees what a client inside the cluster sees, new pods of the edge included."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from local.errors import LocalError
from local.loads.locust import Run, command
from local.loads.shapes import FOLDER

POD: Final = "load"
PYTHON: Final = "/venv/bin/python"
START_S: Final = 180
Json = dict[str, Any]


@dataclass
class Told:
    """What locust told; complete when the run has ended."""

    seconds: list[Json] = field(default_factory=list)
    entries: list[Json] = field(default_factory=list)
    failures: list[Json] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)
    code: int | None = None
    talk: list[str] = field(default_factory=list)
    """The lines that are for people: locust's summary, thresholds that were missed."""

    def hear(self, line: str) -> None:
        """One line of its output."""
        if not line.startswith("{"):
            self.talk.append(line.rstrip())
            return
        said = json.loads(line)
        kind = said.pop("kind")
        if kind == "begin":
            self.began.set()
        elif kind in ("second", "entry", "failure"):
            {"second": self.seconds, "entry": self.entries, "failure": self.failures}[kind].append(said)

    @property
    def total(self) -> Json:
        """All requests together."""
        return next((each for each in self.entries if each["name"] == "Aggregated"), {})


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod that waits to be told; `kubectl` is the program."""

    kubectl: Path
    namespace: str

    def _words(self, *words: str) -> list[str]:
        return [str(self.kubectl), "-n", self.namespace, *words]

    def _run(self, *words: str, stdin: str | None = None, limit_s: float = 60) -> None:
        done = subprocess.run(
            self._words(*words), input=stdin, capture_output=True, text=True, timeout=limit_s, check=False
        )
        if done.returncode != 0:
            raise LocalError(f"kubectl {words[0]}: {(done.stderr or done.stdout).strip()[-500:]}")

    def start(self, image: str) -> None:
        """Makes it and waits until it stands; LocalError with kubectl's words."""
        documents = {"apiVersion": "v1", "kind": "List", "items": [manifest(image), policy()]}
        self._run("apply", "-f", "-", stdin=json.dumps(documents))
        self._run(
            "wait", "--for=condition=Ready", f"pod/{POD}", f"--timeout={START_S}s", limit_s=START_S + 20
        )

    def stop(self) -> None:
        """Takes it away; whatever runs in it ends."""
        what = (f"pod/{POD}", f"networkpolicy/{POD}")
        self._run("delete", *what, "--ignore-not-found", "--wait=true", limit_s=120)

    @contextmanager
    def running(self, run: Run, tell: Callable[[str], None] = lambda _: None) -> Iterator[Told]:
        """Locust runs; at the end of the context its last lines are awaited. `tell` gets each line for people."""
        assert run.shape is not None
        file = f"/app/loadtests/shapes/{run.shape.file.relative_to(FOLDER)}"
        files = f"/app/loadtests/locustfile.py,{file}"
        more = ["--journal", "-", "--only-summary", "--loglevel", "WARNING"]
        words = self._words("exec", POD, "--", *command(PYTHON, run, files=files, more=more))
        told = Told()
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
        ) as process:
            listener = threading.Thread(target=_listen, args=(process, told, tell), daemon=True)
            listener.start()
            try:
                yield told
                listener.join()
                told.code = process.wait()
            finally:
                process.kill()


def _listen(process: subprocess.Popen[str], told: Told, tell: Callable[[str], None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        told.hear(line)
        if not line.startswith("{"):
            tell(line.rstrip())


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


def policy() -> Json:
    """It may call the edge and ask for names, where nobody may do anything by default."""
    edge = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}
    dns = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": POD},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": POD}},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [{"to": [edge], "ports": [{"port": 8080}]}, {"ports": dns}],
        },
    }
