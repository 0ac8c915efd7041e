"""The order in which a whole mesh can be restarted while it works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from local import topology
from local.errors import LocalError
from local.specs import depth

RECONNECTED_S: Final = 2.5
"""A replica that came back is left so long before the next of its service goes: until callers have found it again.

The kits try to connect every 2.4 s at most; in the charts the old pod serves on for `drain.preStopSeconds` for the same.
"""


def rolling_order(rows: Iterable[Mapping[str, Any]], wanted: Sequence[str] = ()) -> list[str]:
    """The processes to restart one after the other: of each service all replicas, callees before their callers.

    Each is named so that only it is meant: `product` alone would be all of product. `rows` are those of `status`;
    `wanted` names services, none means all that run. Raises LocalError for a service that does not run, and for one
    that would leave nobody to answer.
    """
    replicas: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == "service":
            replicas.setdefault(row["group"], []).append(_one(row))
    for name in wanted:
        if topology.service(name).name not in replicas:
            raise LocalError(f"{name} is not part of this mesh, which has: {', '.join(replicas)}")
    chosen = [name for name in replicas if not wanted or name in wanted]
    if alone := [name for name in chosen if len(replicas[name]) == 1]:
        raise LocalError(
            f"one replica of {', '.join(alone)} is all there is, and requests would be lost while it restarts: "
            f"`./banyan scale {alone[0]}=2` first, or begin with `./banyan up --replicas all=2`"
        )
    ordered = sorted(chosen, key=lambda name: depth(topology.service(name)))
    return [process for name in ordered for process in replicas[name]]


def _one(row: Mapping[str, Any]) -> str:
    return f"{row['name']}-1" if row["name"] == row["group"] else str(row["name"])
