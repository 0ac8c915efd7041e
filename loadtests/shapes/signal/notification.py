"""Mailboxes that take a second for each mail: notification's queue grows."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.slow_reader import SlowReader


class Notification(Stages):
    """Two orders a second by people with slow mailboxes."""

    stages = (Stage(90, 4, 4),)
    kinds = (SlowReader,)
