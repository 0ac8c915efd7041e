"""A discrete-event model of the mesh under its autoscalers.

Events are cohorts of arrivals, scrapes, rounds of the autoscaler, and replicas that become ready. Within a cohort work is a
fluid: a replica works off one second of work in each second on one core, what can't be worked off waits. The autoscaler is
Kubernetes': desired = ceil(signal / threshold), nothing within a tolerance of a tenth, bounded by the policies of the chart.
See https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from statistics import mean
from typing import Final

import simpy

from loadtests.simulate.costs import Costs
from loadtests.simulate.rules import Rules
from loadtests.simulate.signals import GAUGES, SIGNALS

TICK_S: Final = 0.5
SCRAPE_S: Final = 5.0
WINDOW_S: Final = 30.0
"""Over which the charts' queries take their rates."""
TOLERANCE: Final = 0.1
HEADROOM: Final = 1e6
"""Replicas, where no bound is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the cluster behaves."""

    sync_s: float = 15.0
    """Between two rounds of the autoscaler: Kubernetes' default."""
    start_s: float = 4.0
    """From wanted to serving."""
    bounded: bool = True
    """The charts' most replicas hold."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One service at one moment."""

    at: float
    wanted: int
    ready: int
    signal: float
    delay_s: float
    """How long new work waits."""


@dataclass
class _Service:
    name: str
    rules: Rules
    wanted: int
    ready: int
    backlog_s: float = 0.0
    scrapes: deque[float] = field(default_factory=deque)
    recommended: deque[tuple[float, int]] = field(default_factory=deque)
    samples: list[Sample] = field(default_factory=list)


def simulate(
    costs: Costs,
    rules: Mapping[str, Rules],
    rate: Callable[[float], float],
    seconds: float,
    setting: Setting,
) -> dict[str, list[Sample]]:
    """What becomes of each service when `rate(t)` orders come each second. Same arguments, same answer."""
    environment = simpy.Environment()
    services = [
        _Service(name, rules[name], max(rules[name].least, 1), max(rules[name].least, 1)) for name in SIGNALS
    ]
    for each in services:
        environment.process(_work(environment, each, costs, rate))
        environment.process(_scrape(environment, each, costs, rate))
        environment.process(_scale(environment, each, setting))
    environment.run(until=seconds)
    return {each.name: each.samples for each in services}


Events = Generator[simpy.Event, None, None]


def _work(
    environment: simpy.Environment, service: _Service, costs: Costs, rate: Callable[[float], float]
) -> Events:
    while True:
        yield environment.timeout(TICK_S)
        come = rate(environment.now) * TICK_S * costs.cores[service.name]
        service.backlog_s = max(service.backlog_s + come - service.ready * TICK_S, 0.0)


def _scrape(
    environment: simpy.Environment, service: _Service, costs: Costs, rate: Callable[[float], float]
) -> Events:
    while True:
        yield environment.timeout(SCRAPE_S)
        now = environment.now
        signal = SIGNALS[service.name](costs, service.rules, rate(now), service.ready, service.backlog_s)
        service.scrapes.append(signal)
        if len(service.scrapes) > WINDOW_S / SCRAPE_S:
            service.scrapes.popleft()
        delay = service.backlog_s / max(service.ready, 1)
        service.samples.append(Sample(now, service.wanted, service.ready, signal, delay))


def _scale(environment: simpy.Environment, service: _Service, setting: Setting) -> Events:
    rules = service.rules
    since_up = since_down = -math.inf
    while True:
        yield environment.timeout(setting.sync_s)
        now = environment.now
        if not service.scrapes:
            continue
        signal = service.scrapes[-1] if service.name in GAUGES else mean(service.scrapes)
        desired = recommendation(signal, service.wanted, rules, bounded=setting.bounded)
        service.recommended.append((now, desired))
        while service.recommended[0][0] < now - rules.down.window_s:
            service.recommended.popleft()
        if desired > service.wanted and now >= since_up + rules.up.period_s:
            since_up = now
            added = min(desired, service.wanted + rules.up.step(service.wanted)) - service.wanted
            service.wanted += added
            environment.process(_start(environment, service, added, setting.start_s))
        highest = max(count for _, count in service.recommended)
        if highest < service.wanted and now >= since_down + rules.down.period_s:
            since_down = now
            service.wanted = max(highest, service.wanted - rules.down.step(service.wanted))
            service.ready = min(service.ready, service.wanted)


def _start(environment: simpy.Environment, service: _Service, count: int, after_s: float) -> Events:
    yield environment.timeout(after_s)
    service.ready = min(service.ready + count, service.wanted)


def recommendation(signal: float, replicas: int, rules: Rules, *, bounded: bool = True) -> int:
    """How many replicas a signal asks for."""
    per_replica = signal / (rules.threshold * max(replicas, 1))
    wanted = replicas if abs(per_replica - 1) <= TOLERANCE else math.ceil(signal / rules.threshold)
    most = rules.most if bounded else HEADROOM
    return int(min(max(wanted, rules.least, 1), most))
