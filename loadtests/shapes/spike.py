"""Spike: five times as many people within seconds, for one minute. Shows reaction times, and what is shed."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages


class Spike(Stages):
    """20 people, 120 at once, 20 again."""

    stages = (Stage(60, 20, 5), Stage(120, 120, 50), Stage(240, 20, 50))
