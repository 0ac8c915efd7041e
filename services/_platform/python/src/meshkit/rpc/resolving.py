"""Targets turned into addresses."""

from __future__ import annotations

import asyncio
import socket
from typing import Final, Protocol

from meshkit.rpc.subchannel import Address

_STATIC: Final = ("ipv4:", "ipv6:")
_NAMED: Final = "dns:///"


class Resolving(Protocol):
    """Knows the addresses of one target."""

    @property
    def authority(self) -> str:
        """What requests call the target."""
        ...

    @property
    def fixed(self) -> bool:
        """Whether one answer holds for ever."""
        ...

    async def resolve(self) -> list[Address]:
        """All addresses now. Raises OSError when they cannot be told."""
        ...


class Resolver:
    """Knows the addresses of one target: `ipv4:A,B`, `ipv6:A,B` (fixed) or `dns:///NAME:PORT` (asked for again).

    Raises ValueError for any other target.
    """

    def __init__(self, target: str) -> None:
        self.authority = target.partition(":")[2]
        self.fixed = target.startswith(_STATIC)
        if self.fixed:
            self._addresses = [_host_port(each) for each in self.authority.split(",")]
            self.authority = self.authority.split(",")[0]
        elif target.startswith(_NAMED):
            self.authority = target.removeprefix(_NAMED)
            self._addresses = [_host_port(self.authority)]
        else:
            raise ValueError(f"an upstream is HOST:PORT, a list of IP:PORT or dns:///NAME:PORT, not {target}")

    async def resolve(self) -> list[Address]:
        """All addresses, sorted. Raises OSError when the name cannot be resolved."""
        if self.fixed:
            return self._addresses
        name, port = self._addresses[0]
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
        return sorted({(str(entry[4][0]), int(entry[4][1])) for entry in found})


def _host_port(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"an upstream's address is HOST:PORT, not {text!r}")
    return host.strip("[]"), int(port)
