"""Logins, reads and scans at the same time: gateway, user, product and inventory grow, each for its own reason."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.reader import Reader
from loadtests.users.signal.returner import Returner
from loadtests.users.signal.scanner import Scanner


class Mixed(Stages):
    """8 who log in, 8 who read, 20 who scan: a hundred requests a second."""

    stages = (Stage(90, 36, 36),)
    kinds = (Returner, Reader, Scanner)
