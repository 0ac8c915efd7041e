"""Payments listed: connections of payment's pool are in use."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.accountant import Accountant


class Payment(Stages):
    """80 lists of 100 payments a second."""

    stages = (Stage(90, 20, 20),)
    kinds = (Accountant,)
