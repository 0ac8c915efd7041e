"""Flash sale: for a minute a crowd wants one product of which there are few. Nobody gets what is not there."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.buyer import Buyer
from loadtests.users.hunter import BargainHunter
from loadtests.users.visitor import Visitor


class FlashSale(Stages):
    """20 visitors and buyers; hunters join them for a minute."""

    stages = (Stage(40, 20, 5), Stage(100, 120, 20), Stage(150, 20, 20))
    kinds = (Visitor, Buyer, BargainHunter)
