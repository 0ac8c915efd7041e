"""Where each part ends: the rate of orders at which it can grow no further, and what it takes at a given rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from loadtests.simulate.costs import Costs
from loadtests.simulate.rules import Rules
from loadtests.simulate.signals import QUEUES, SIGNALS

FULL: Final = 0.7
"""Use of a processor beyond which waiting grows quickly: ρ/(1−ρ) is more than 2."""
LARGEST: Final = 1e7
"""Orders each second; beyond is nowhere."""


@dataclass(frozen=True, slots=True)
class Machines:
    """The largest single machine that a store may have, in cores; assumptions, not measurements."""

    postgres: float = 32.0
    nats: float = 8.0
    redis: float = 1.0
    price: float = 0.04
    """Of one core for one hour, in euros."""


@dataclass(frozen=True, slots=True)
class Wall:
    """At `rate` orders each second `part` can't grow by itself any more."""

    rate: float
    part: str
    why: str


@dataclass(frozen=True, slots=True)
class Size:
    """What a rate takes."""

    rate: float
    replicas: Mapping[str, int]
    connections: Mapping[str, int]
    store_cores: Mapping[str, float]
    euros_per_hour: float


def replicas_for(name: str, costs: Costs, rules: Rules, rate: float) -> int:
    """So many that none has more than its threshold, and none of its processor more than FULL."""
    by_processor = math.ceil(rate * costs.cores[name] / FULL)
    if name in QUEUES:
        return max(by_processor, 1)
    count = max(by_processor, 1)
    while SIGNALS[name](costs, rules, rate, count, 0.0) > rules.threshold * count:
        count = max(count + 1, math.ceil(count * 1.05))
    return count


def size(costs: Costs, rules: Mapping[str, Rules], rate: float, machines: Machines) -> Size:
    """What `rate` orders each second take, if nothing stood in the way."""
    replicas = {name: replicas_for(name, costs, rules[name], rate) for name in SIGNALS}
    connections = {name: count * rules[name].pool for name, count in replicas.items() if rules[name].pool}
    stores = {name: rate * seconds for name, seconds in costs.cores.items() if _is_store(name)}
    cores = sum(replicas.values()) + sum(stores.values()) / FULL
    return Size(rate, replicas, connections, stores, cores * machines.price)


def walls(costs: Costs, rules: Mapping[str, Rules], machines: Machines) -> list[Wall]:
    """All of them, the first that is met first."""
    found = []
    for name in SIGNALS:
        rule = rules[name]
        found.append(
            Wall(_highest(name, costs, rule, rule.most), name, f"the chart allows {rule.most} replicas")
        )
        if rule.pool and rule.connections:
            fit = rule.connections // rule.pool
            why = f"{rule.connections} connections are {fit} replicas of {rule.pool}"
            found.append(Wall(_highest(name, costs, rule, fit), name, why))
    largest = {"postgres": machines.postgres, "nats": machines.nats, "redis": machines.redis}
    for name, seconds in costs.cores.items():
        if _is_store(name) and seconds > 0:
            cores = largest[name.partition("/")[0]]
            found.append(Wall(FULL * cores / seconds, name, f"one server with {cores:g} cores"))
    found.append(Wall(costs.hot_per_s, "inventory", "all orders are for one single product: its row"))
    return sorted(found, key=lambda wall: wall.rate)


def _is_store(name: str) -> bool:
    return name.partition("/")[0] in {"postgres", "nats", "redis"}


def _highest(name: str, costs: Costs, rules: Rules, replicas: int) -> float:
    """The highest rate that so many replicas carry, to a hundredth."""

    def fits(rate: float) -> bool:
        return replicas_for(name, costs, rules, rate) <= replicas

    return _last(fits)


def _last(fits: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    while fits(high) and high < LARGEST:
        low, high = high, 2 * high
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
