"""The shop's pods in a namespace, as kubectl tells them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.cluster.kube import kubectl_output

PART_OF: Final = "app.kubernetes.io/part-of=banyan"
NAME: Final = "app.kubernetes.io/name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod that is meant to go on."""

    name: str
    app: str
    """The chart's name for it: `order`, `order-postgres`, `mail`."""
    maker: str
    """The kind of what has made it: ReplicaSet or StatefulSet."""
    ready: bool


def pods(kubectl: Path, namespace: str, app: str = "") -> Sequence[Pod]:
    """Sorted by name, without jobs' pods and those that are being deleted; LocalError when the cluster is silent."""
    selector = f"{PART_OF},{NAME}={app}" if app else PART_OF
    listing = kubectl_output(kubectl, "-n", namespace, "get", "pods", "-l", selector, "-o", "json")
    found = (
        _pod(each) for each in json.loads(listing)["items"] if "deletionTimestamp" not in each["metadata"]
    )
    return sorted(
        (pod for pod in found if pod.maker in ("ReplicaSet", "StatefulSet")), key=lambda pod: pod.name
    )


def _pod(document: dict[str, Any]) -> Pod:
    meta = document["metadata"]
    conditions = document.get("status", {}).get("conditions", ())
    return Pod(
        name=meta["name"],
        app=meta["labels"][NAME],
        maker=next((owner["kind"] for owner in meta.get("ownerReferences", ())), ""),
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in conditions),
    )
