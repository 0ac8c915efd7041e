"""What one `up` was asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from local import topology
from local.errors import LocalError
from local.ports import check_base

EVERY = "all"
"""Stands for every service in `--replicas all=2`."""


@dataclass(frozen=True, slots=True)
class Options:
    """Checked: services exist, replicas are in range."""

    services: tuple[str, ...]
    """With all they call, callees first."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    port_base: int = topology.DEFAULT_PORT_BASE
    faulty_links: bool = False
    """Whether a proxy stands between every two, so that links can be cut and slowed."""

    def replicas_of(self, service: str) -> int:
        """How many processes of a service are wanted."""
        return self.replicas.get(service, 1)

    def dump(self) -> str:
        """For the command line of a detached supervisor."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Options:
        """The reverse of `dump`."""
        values = json.loads(text)
        return cls(**values | {"services": tuple(values["services"])})


def port_base(given: int | None) -> int:
    """--port-base, else BANYAN_PORT_BASE, else 8000."""
    if given is not None:
        return check_base(given)
    text = os.environ.get("BANYAN_PORT_BASE", str(topology.DEFAULT_PORT_BASE))
    if not text.isdigit():
        raise LocalError(f"BANYAN_PORT_BASE={text!r} is not a number")
    return check_base(int(text))


def parse_replicas(values: Iterable[str]) -> dict[str, int]:
    """`product=3` → {"product": 3}; commas separate several; `all` is a name here."""
    result: dict[str, int] = {}
    for part in (part for value in values for part in value.split(",") if part):
        name, equals, number = part.partition("=")
        if not name or not equals or not number.isdigit() or not 1 <= int(number) <= topology.MAX_REPLICAS:
            raise LocalError(
                f"--replicas {part!r}: write SERVICE=NUMBER with a number from 1 to {topology.MAX_REPLICAS}, "
                "such as product=3"
            )
        result[name if name == EVERY else topology.service(name).name] = int(number)
    return result


def make(
    names: Iterable[str], replicas: Iterable[str], base: int | None, *, faulty_links: bool = False
) -> Options:
    """From the command line's words; no names means every service."""
    wanted = topology.closure(names) or [row.name for row in topology.SERVICES]
    counts = parse_replicas(replicas)
    everywhere = counts.pop(EVERY, None)
    for name in counts:
        if name not in wanted:
            raise LocalError(f"--replicas {name}={counts[name]}: {name} is not among the services to start")
    if everywhere is not None:
        counts = dict.fromkeys(wanted, everywhere) | counts
    return Options(tuple(wanted), counts, port_base(base), faulty_links)
