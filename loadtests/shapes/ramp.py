"""Ramp: more and more people for four minutes, then they leave. Shows which service grows first, and that all shrink."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages


class Ramp(Stages):
    """10 to 160 people and back."""

    stages = (
        Stage(60, 10, 1),
        Stage(120, 40, 1),
        Stage(180, 80, 2),
        Stage(240, 160, 4),
        Stage(300, 20, 8),
    )
