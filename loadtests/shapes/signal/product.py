"""Single products read: product's calls per second rise."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.reader import Reader


class Product(Stages):
    """50 reads a second."""

    stages = (Stage(90, 10, 10),)
    kinds = (Reader,)
