"""Labels that take a second: shipments without one grow old."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.far_away import FarAway


class Shipping(Stages):
    """Three orders a second to a far city."""

    stages = (Stage(90, 6, 6),)
    kinds = (FarAway,)
