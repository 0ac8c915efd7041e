"""What the contracts say of the public RPCs that are asked to change something."""

from __future__ import annotations

from functools import cache

from tests.contract.contracts import Rpc, rpcs


@cache
def asked_to_change() -> dict[str, Rpc]:
    """Every public RPC that is not a GET, by the name that rows have."""
    return {_name(rpc): rpc for rpc in rpcs() if rpc.verb not in ("", "GET")}


def _name(rpc: Rpc) -> str:
    service = rpc.method.containing_service
    return f"{service.file.package.split('.')[1]}.{rpc.method.name}"
