"""Logins and logouts: only user's processor is busy, hashing passwords."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.returner import Returner


class User(Stages):
    """Eight logins a second."""

    stages = (Stage(90, 8, 8),)
    kinds = (Returner,)
