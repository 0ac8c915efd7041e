"""The scaling rules of the charts, as numbers: bounds, thresholds, speeds, database connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Speed:
    """How quickly an autoscaler may move: the larger of a share and a count in each period, after a window of waiting."""

    percent: float
    pods: int
    period_s: float
    window_s: float

    def step(self, replicas: int) -> int:
        """The most replicas that may be added or taken away in one period."""
        return max(int(replicas * self.percent / 100), self.pods)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the chart of one service says."""

    least: int
    most: int
    threshold: float
    """How much of its signal one replica may have."""
    up: Speed
    down: Speed
    pool: int = 0
    """Database connections that one replica opens at most; 0 without a database."""
    connections: int = 0
    """What its database allows in all; 0: the chart does not say."""


def rules(values: Json) -> Rules:
    """From a chart's values, the library's defaults merged in; KeyError for values that are no service's."""
    scaling = values["autoscaling"]
    signals = scaling["signals"]
    trigger = next(each for each in signals["triggers"] if "query" in each)
    database = values.get("database") or {}
    pool = int(database.get("poolMax", 0))
    return Rules(
        least=int(scaling["minReplicas"]),
        most=int(scaling["maxReplicas"]),
        threshold=float(trigger["threshold"]) * float(signals["thresholdPercent"]) / 100,
        up=_speed(scaling["behavior"]["scaleUp"]),
        down=_speed(scaling["behavior"]["scaleDown"]),
        pool=pool + int(database.get("extraConnections", 1)) if pool else 0,
        connections=int(database.get("maxConnections") or 0),
    )


def _speed(behaviour: Json) -> Speed:
    by_type = {each["type"]: each for each in behaviour["policies"]}
    return Speed(
        percent=float(by_type.get("Percent", {"value": 0})["value"]),
        pods=int(by_type.get("Pods", {"value": 0})["value"]),
        period_s=max(float(each["periodSeconds"]) for each in behaviour["policies"]),
        window_s=float(behaviour["stabilizationWindowSeconds"]),
    )
