"""Labels that take a second: shipments without one grow old."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.far_away import FarAway


class Shipping(Stages):
    """Two orders a second to a far city."""

    stages = (Stage(90, 4, 4),)
    kinds = (FarAway,)
