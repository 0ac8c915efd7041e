"""Addresses of upstreams as settings give them, turned into what the gRPC client resolves."""

from __future__ import annotations

import ipaddress


def grpc_target(address: str) -> str:
    """The target of `host:port`, `ip:port,ip:port` (static, round robin) or `scheme:///name:port` (as it is).

    Raises ValueError for a list that has names in it: only a resolver can follow names.
    """
    if "://" in address or address.startswith(("ipv4:", "ipv6:", "unix:")):
        return address
    parts = [part.strip() for part in address.split(",") if part.strip()]
    if not parts:
        raise ValueError("an upstream needs an address")
    versions = {_ip_version(part) for part in parts}
    if versions == {4}:
        return f"ipv4:{','.join(parts)}"
    if versions == {6}:
        return f"ipv6:{','.join(parts)}"
    if len(parts) == 1:
        return f"dns:///{parts[0]}"
    raise ValueError(f"a list of addresses must be of IP addresses of one version: {address}")


def _ip_version(part: str) -> int | None:
    host = part.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None
