"""Several signals rise at once: each service grows for its own reason, and those without one do not."""

from __future__ import annotations

from typing import Any, Final

from loadtests.observer.cluster import Shop
from loadtests.observer.observer import Observer
from loadtests.observer.verdict import crossed, reached, turns
from local.loads.in_cluster import Pod
from local.loads.locust import Run
from local.loads.places import EDGE
from local.loads.shapes import shape
from tests.support.cluster import Cluster
from tests.support.scaling import BACK_S, LEAST, STRETCH, at_rest, most
from tests.support.topology import NAMES

GROW: Final = ("gateway", "user", "product", "inventory")
LATE_S: Final = 20.0


def test_each_grows_for_its_own_reason(scaled: Cluster, locust: Pod, figures: dict[str, Any]) -> None:
    at_rest(scaled)
    run = Run(shape=shape("mixed"), host=EDGE, stretch=STRETCH, max_fail_ratio=0, slack=0)
    with Observer(Shop(scaled.namespace, LEAST)) as observer:
        with locust.running(run) as told:
            pass
        at_rest(scaled, within_s=BACK_S)
    record = observer.finish()
    figures["scaling mixed"] = {
        "peaks": {name: most(record, name) for name in GROW},
        "requests": told.total.get("requests"),
        "failed": told.total.get("failures"),
    }
    assert told.failures == [], told.failures
    assert told.code == 0, told.talk[-20:]
    for name in GROW:
        watched = record.services[name]
        decided, crossing = reached(watched.replicas, 2), crossed(watched)
        assert decided is not None, f"{name} did not grow"
        assert crossing is not None, f"{name} grew without its signal"
        assert -1 <= decided - crossing <= LATE_S, name
        assert turns(watched.replicas) <= 1, name
        reasons = [each.text for each in record.decisions if each.service == name]
        assert any("above target" in text for text in reasons), (name, reasons)
    others = {name: most(record, name) for name in NAMES if name not in GROW}
    assert {name: count for name, count in others.items() if count > max(LEAST[name], 1)} == {}
