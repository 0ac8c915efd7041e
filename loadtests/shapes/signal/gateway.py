"""Requests refused at the edge: only gateway's requests per second rise."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.bot import Bot


class Gateway(Stages):
    """180 refused requests a second."""

    stages = (Stage(90, 36, 36),)
    kinds = (Bot,)
