"""Boxes scanned all at once: connections of inventory's pool are waited for."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.scanner import Scanner


class Inventory(Stages):
    """20 scans at each full half second."""

    stages = (Stage(90, 20, 20),)
    kinds = (Scanner,)
