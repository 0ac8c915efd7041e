"""Cards that take 1.5 s: order's workflows in flight rise; everybody waits and nobody works."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.slow_payer import SlowPayer


class Order(Stages):
    """Five orders in flight."""

    stages = (Stage(90, 5, 5),)
    kinds = (SlowPayer,)
