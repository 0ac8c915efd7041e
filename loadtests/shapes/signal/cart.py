"""Many hands in few carts: cart's requests in flight rise, since writers of one cart wait for each other."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.household import Household


class Cart(Stages):
    """72 writes a second into two carts, eighteen at a time."""

    stages = (Stage(90, 18, 18),)
    kinds = (Household,)
