"""Which links there are: from each service to every replica, store and stand-in it talks to, with a port for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from local import topology
from local.errors import LocalError
from local.options import Options
from local.topology import HOST, PORT_SPAN, PROXY_OFFSET, address, process_name

FIRST_LINK_OFFSET = PROXY_OFFSET + 1
_LOOPBACK = re.compile(re.escape(HOST) + r":\d+")


@dataclass(frozen=True, slots=True)
class Link:
    """All connections from one service (each of its replicas) to one port of one process."""

    name: str
    """`order-to-payment-2`."""
    caller: str
    callee: str
    """The process: `payment-2`, `postgres`, `mail`."""
    listen: str
    upstream: str


def links(options: Options) -> list[Link]:
    """Every link of a mesh, in table order; LocalError when there are more than ports for them."""
    found = []
    for port, (caller, callee, upstream) in enumerate(_pairs(options), options.port_base + FIRST_LINK_OFFSET):
        if port >= options.port_base + PORT_SPAN:
            room = PORT_SPAN - FIRST_LINK_OFFSET
            raise LocalError(f"--faulty-links has room for {room} links: take fewer replicas")
        found.append(Link(f"{caller}-to-{callee}", caller, callee, f"{HOST}:{port}", upstream))
    return found


def _pairs(options: Options) -> Iterator[tuple[str, str, str]]:
    base = options.port_base
    for row in topology.SERVICES:
        if row.name not in options.services:
            continue
        for upstream in row.upstreams:
            for replica in range(options.replicas_of(upstream)):
                yield (
                    row.name,
                    process_name(upstream, replica),
                    address(upstream, "grpc", base, replica),
                )
        for store in row.stores:
            yield row.name, store, address(store, topology.MAIN_PORT[store], base)
        for stand_in in topology.STAND_INS:
            if stand_in.used_by == row.name:
                port = "http" if stand_in.env.endswith("_URL") else "smtp"
                yield row.name, stand_in.name, address(stand_in.name, port, base)


def through_links(text: str, caller: str, options: Options) -> str:
    """A setting of `caller` with each address of somebody else exchanged for the link's."""
    between = {link.upstream: link.listen for link in links(options) if link.caller == caller}
    return _LOOPBACK.sub(lambda found: between.get(found[0], found[0]), text)
