"""Step: the load doubles every minute and halves again. Shows how many replicas each level takes, and that none flaps."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages


class Step(Stages):
    """20, 40, 80, 40, 20 people, each for a minute."""

    stages = (
        Stage(60, 20, 20),
        Stage(120, 40, 20),
        Stage(180, 80, 20),
        Stage(240, 40, 20),
        Stage(300, 20, 20),
    )
