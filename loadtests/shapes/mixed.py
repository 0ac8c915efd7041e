"""Logins, reads, scans and bots at the same time: user, product, inventory and gateway grow, each for its own reason."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.bot import Bot
from loadtests.users.signal.reader import Reader
from loadtests.users.signal.returner import Returner
from loadtests.users.signal.scanner import Scanner


class Mixed(Stages):
    """8 who log in, 8 who read, 20 who scan, 8 who are refused: 140 requests a second."""

    stages = (Stage(90, 44, 44),)
    kinds = (Returner, Reader, Scanner, Bot)
