"""Logins, reads and scans at the same time: gateway, user, product and inventory grow, each for its own reason."""

from __future__ import annotations

from loadtests.shapes.stages import Stage, Stages
from loadtests.users.signal.reader import Reader
from loadtests.users.signal.returner import Returner
from loadtests.users.signal.scanner import Scanner


class Mixed(Stages):
    """10 who log in, 10 who read, 25 who scan: 130 requests a second."""

    stages = (Stage(90, 45, 45),)
    kinds = (Returner, Reader, Scanner)
