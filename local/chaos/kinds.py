"""The one table of fault kinds: what each is, how long it lasts, and what it can strike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from local import topology
from local.errors import LocalError

ANY: Final[frozenset[str]] = frozenset()
STORES: Final = frozenset(row.name for row in topology.STORES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a mesh offers to strike at: names as `status` and the proxy tell them."""

    processes: Sequence[str]
    """Replicas, stores and stand-ins."""
    links: Sequence[str] = ()
    """`order-to-payment-2`; none without faulty links."""
    can: frozenset[str] = ANY
    """The kinds of faults that can be done there; empty: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault; `lasts_s` is the range of its duration, `amounts` what may be drawn for it."""

    name: str
    meaning: str
    among: Callable[[Field], Sequence[str]]
    lasts_s: tuple[float, float] = (0.0, 0.0)
    amounts: tuple[str, ...] = ("",)
    alone: bool = False
    """Nothing else happens beside it nor for a while after it, so that the recovery seen is its own."""

    def targets(self, where: Field) -> Sequence[str]:
        """What it can strike there."""
        return self.among(where) if not where.can or self.name in where.can else ()


def _processes(field_: Field) -> Sequence[str]:
    return field_.processes


def _links(field_: Field) -> Sequence[str]:
    return field_.links


def _named(*names: str) -> Callable[[Field], Sequence[str]]:
    """Those that are there; a service's name stands for all of its replicas."""
    return lambda field_: [name for name in names if set(field_.processes) & {name, f"{name}-1"}]


def _where_answers_matter(field_: Field) -> Sequence[str]:
    """Links on which a lost answer leaves the caller in doubt of an effect."""
    ends = ("payment-provider", "carrier", "order-to-payment", "order-to-inventory", "gateway-to-order")
    return [link for link in field_.links if any(end in link for end in ends)]


KINDS: Final[tuple[Kind, ...]] = (
    Kind(name="kill", meaning="kill -9", among=_processes, alone=True),
    Kind(name="freeze", meaning="SIGSTOP, then SIGCONT", among=_processes, lasts_s=(2.0, 6.0)),
    Kind(name="restart", meaning="stopped, down for a while, started", among=_processes, lasts_s=(0.0, 3.0)),
    Kind(
        name="cut",
        meaning="connections refused, reset, or silent",
        among=_links,
        lasts_s=(2.0, 6.0),
        amounts=("refuse", "reset", "silence"),
    ),
    Kind(
        name="slow",
        meaning="delayed or throttled",
        among=_links,
        lasts_s=(3.0, 8.0),
        amounts=("100 ms", "400 ms", "1500 ms", "8 kB/s"),
    ),
    Kind(
        name="lost-answer",
        meaning="the request arrives and has its effect, the answer never comes back",
        among=_where_answers_matter,
        lasts_s=(3.0, 7.0),
    ),
    Kind(
        name="outside-slow",
        meaning="a stand-in takes its time",
        among=_named("payment-provider", "carrier", "sinks", "mail"),
        lasts_s=(3.0, 8.0),
        amounts=("500 ms", "3000 ms"),
    ),
    Kind(
        name="outside-errors",
        meaning="a stand-in answers 500 to half of all, or 503 to all (mail: 451, 421)",
        among=_named("payment-provider", "carrier", "sinks", "mail"),
        lasts_s=(3.0, 8.0),
        amounts=("half", "all"),
    ),
    Kind(
        name="full-disk",
        meaning="a store can write nothing more",
        among=_named("postgres", "nats", "redis"),
        lasts_s=(4.0, 8.0),
        alone=True,
    ),
    Kind(
        name="clock",
        meaning="a service starts again with another time, and later with the true one",
        among=_named("user", "gateway", "inventory", "order", "payment", "shipping"),
        lasts_s=(3.0, 6.0),
        amounts=("+45 s", "-45 s", "+1200 s", "-1200 s"),
    ),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One planned fault: seconds from the start of the run, seconds it lasts."""

    number: int
    at_s: float
    lasts_s: float
    kind: str
    target: str
    amount: str = ""
    touches: frozenset[str] = field(default_factory=frozenset)
    """The services, stores and stand-ins that notice; two strikes at once never share one."""

    @property
    def alone(self) -> bool:
        """Whether nothing else may happen meanwhile."""
        return BY_NAME[self.kind].alone


def touched(target: str) -> frozenset[str]:
    """The group behind a target: a replica's service, or the side of a link that is called."""
    callee = target.rpartition("-to-")[2]
    return frozenset({group(callee)})


def group(process: str) -> str:
    """`product-2` and `product-1` → `product`; stores and stand-ins stay."""
    stem, _, number = process.rpartition("-")
    return stem if stem and number.isdigit() else process


def is_store(process: str) -> bool:
    """`redis`, or a cluster's `order-postgres`."""
    return process.rpartition("-")[2] in STORES


def chosen(names: Sequence[str]) -> list[Kind]:
    """The kinds named, or all; LocalError with the nearest name for one that is not there."""
    for name in names:
        if name not in BY_NAME:
            raise topology.unknown_name("kind of fault", name, BY_NAME)
    return [BY_NAME[name] for name in names] if names else list(KINDS)


def without_targets(kinds: Sequence[Kind], field_: Field) -> list[Kind]:
    """Kinds that have nothing to strike at here; LocalError when that is all of them."""
    idle = [kind for kind in kinds if not kind.targets(field_)]
    if len(idle) == len(kinds):
        if field_.can:
            raise LocalError(f"in a cluster these faults can't be done, only {', '.join(sorted(field_.can))}")
        raise LocalError("this mesh has nothing for these faults to strike: start it with --faulty-links")
    return idle
