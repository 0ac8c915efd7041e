"""The model beside a run that was measured: logins on the test cluster, with its thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from loadtests.simulate.costs import Costs
from loadtests.simulate.model import Setting, simulate
from loadtests.simulate.rules import Rules
from loadtests.simulate.signals import SIGNALS

CLUSTER: Final = Setting(sync_s=5.0, start_s=4.0)
"""The test cluster's autoscalers look every 5 s."""
QUIET_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A run of the shape signal-user, as tests/cluster/scaling notes it."""

    logins_per_s: float
    length_s: float
    decided_s: float
    """From the load's beginning until more replicas were wanted."""
    peak: int
    back_s: float
    """From its end until there was one replica again."""


RUNS: Final = (
    Measured(logins_per_s=8, length_s=90, decided_s=17.5, peak=3, back_s=38.3),
    Measured(logins_per_s=8, length_s=67.5, decided_s=11.7, peak=3, back_s=35.3),
)


def predicted(costs: Costs, user: Rules, run: Measured) -> Measured:
    """The same run, by the model; `costs` are those of logins alone."""
    idle = replace(costs, cores={name: costs.cores[name] if name == "user" else 0.0 for name in SIGNALS})
    end = QUIET_S + run.length_s

    def rate(at: float) -> float:
        return run.logins_per_s if QUIET_S <= at < end else 0.0

    rules: Mapping[str, Rules] = dict.fromkeys(SIGNALS, user)
    seen = simulate(idle, rules, rate, end + 300, CLUSTER)["user"]
    grown = next((each.at for each in seen if each.wanted > 1), float("nan"))
    back = next((each.at for each in seen if each.at > end and each.wanted == 1), float("nan"))
    peak = max(each.wanted for each in seen)
    return Measured(run.logins_per_s, run.length_s, grown - QUIET_S, peak, back - end)
