"""Each service's signal is raised alone: that service grows, quickly, loses nothing, and shrinks again; no other does."""

from __future__ import annotations

import time
from typing import Any, Final

import pytest

from loadtests.observer.cluster import Shop
from loadtests.observer.observer import Observer
from loadtests.observer.verdict import crossed, reached, turns
from local.loads.in_cluster import Pod
from local.loads.locust import Run
from local.loads.places import EDGE
from local.loads.shapes import shape
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.scaling import BACK_S, LEAST, STRETCH, at_rest, most, work
from tests.support.topology import NAMES

GROWN_S: Final = 60.0
DECIDED_S: Final = 20.0
SERVING_S: Final = 30.0
BY_ORDERS: Final = frozenset({"order", "shipping", "notification"})
"""Shapes that place orders: their receipts wake notification, which has no replica at rest."""


@pytest.mark.parametrize("service", NAMES)
def test_its_signal_scales_it_and_no_other(
    scaled: Cluster, locust: Pod, service: str, figures: dict[str, Any]
) -> None:
    at_rest(scaled)
    before = set(work(scaled, service))
    grown = max(LEAST[service], 1) + 1
    run = Run(shape=shape(f"signal-{service}"), host=EDGE, stretch=STRETCH, max_fail_ratio=0, slack=0)
    with Observer(Shop(scaled.namespace, LEAST)) as observer:
        with locust.running(run) as told:
            assert told.began.wait(GROWN_S), told.talk[-20:]
            began = time.time()
            eventually(lambda: len(scaled.ready(service)) >= grown, GROWN_S + SERVING_S, 1)
            eventually(lambda: _new_ones_work(scaled, service, before), GROWN_S, 2)
        ended = time.time()
        _back(scaled, service)
        back = time.time()
    record = observer.finish()
    replicas = record.services[service].replicas
    peak = most(record, service)
    decided = reached(replicas, grown)
    serving = reached(replicas, grown, ready=True)
    crossing = crossed(record.services[service])
    figures[f"scaling {service}"] = {
        "peak": peak,
        "began to wanted s": _since(began, decided),
        "crossed to wanted s": _since(crossing, decided),
        "wanted to serving s": _since(decided, serving),
        "load gone to least s": round(back - ended, 1),
        "requests": told.total.get("requests"),
        "failed": told.total.get("failures"),
    }
    assert told.failures == [], told.failures
    assert told.code == 0, told.talk[-20:]
    assert decided is not None and serving is not None
    assert decided - began <= GROWN_S
    assert crossing is None or decided - crossing <= DECIDED_S
    assert serving - decided <= SERVING_S
    assert turns(replicas) <= 1, [(round(each.at - began), each.wanted) for each in replicas]
    others = {name: most(record, name) for name in NAMES if name != service}
    allowed = {name: max(LEAST[name], 1) for name in others}
    assert {name: count for name, count in others.items() if count > allowed[name]} == {}
    assert service in BY_ORDERS or others.get("notification", 0) == 0


def _new_ones_work(shop: Cluster, service: str, before: set[str]) -> bool:
    done = {name: count for name, count in work(shop, service).items() if name not in before}
    return bool(done) and all(count > 0 for count in done.values())


def _back(shop: Cluster, service: str) -> None:
    def at_least() -> bool:
        found = shop.apps.read_namespaced_deployment(service, shop.namespace)
        return (found.spec.replicas or 0) <= LEAST[service]

    eventually(at_least, BACK_S, 1)


def _since(begin: float | None, end: float | None) -> float | None:
    return round(end - begin, 1) if begin is not None and end is not None else None
