"""Soak: the same people for half an hour. Shows what leaks, fills up or drifts."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages


class Soak(Stages):
    """40 people for 30 minutes; `--stretch 16` is eight hours."""

    stages = (Stage(1_800, 40, 2),)
