"""Each service's signal in the model: what it is at a rate of orders, a number of replicas and a backlog."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from loadtests.simulate.costs import Costs
from loadtests.simulate.rules import Rules

PRODUCT_CALLS: Final = 1.0
"""An order asks product once, for all its goods."""
FULL: Final = 0.98
"""Beyond this use of a pool, who waits is not in balance any more."""


def waiting(busy: float, servers: float) -> float:
    """How many wait on average where `busy` servers of `servers` are in use.

    Sakasegawa, H. (1977), "An approximation formula L_q = a·ρ^β/(1−ρ)", Ann. Inst. Statist. Math. 29, for M/M/c:
    ρ^√(2(c+1)) / (1−ρ).
    """
    use = min(busy / servers, FULL)
    return float(use ** math.sqrt(2 * (servers + 1)) / (1 - use))


Reading = Callable[[Costs, Rules, float, int, float], float]
"""Costs, rules, orders each second, ready replicas, seconds of work that wait → the signal over all replicas."""


def _gateway(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return rate * (1 + costs.mix.reads + costs.mix.logins)


def _user(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return min(rate * costs.cores["user"] + backlog_s, float(replicas))


def _product(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return rate * (PRODUCT_CALLS + costs.mix.reads)


def _inventory(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return waiting(rate * costs.held["inventory"], replicas * (rules.pool - 1))


def _order(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return rate * (costs.order_s + backlog_s / max(replicas, 1))


def _payment(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return min(rate * costs.held["payment"] / (rules.pool - 1), float(replicas))


def _shipping(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return backlog_s / max(replicas, 1)


def _notification(costs: Costs, rules: Rules, rate: float, replicas: int, backlog_s: float) -> float:
    return backlog_s / max(costs.cores["notification"], 1e-9)


SIGNALS: Final[dict[str, Reading]] = {
    "gateway": _gateway,
    "user": _user,
    "product": _product,
    "inventory": _inventory,
    "order": _order,
    "payment": _payment,
    "shipping": _shipping,
    "notification": _notification,
}
"""Without cart: the measured journey orders directly."""
GAUGES: Final = frozenset({"order", "shipping", "notification"})
"""Read as they are; the others are rates over half a minute."""
QUEUES: Final = frozenset({"shipping", "notification"})
"""Their signal is a backlog: next to nothing until a replica's processor is full, whatever the rate."""
