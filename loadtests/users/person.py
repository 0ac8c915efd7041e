"""What all people have: an edge of their own, and patience."""

from __future__ import annotations

from typing import Any

from locust.contrib.fasthttp import FastHttpUser

from loadtests.support.edge import Edge

PATIENCE_S = 10.0


class Person(FastHttpUser):
    """Somebody at the gateway, at first without a name."""

    abstract = True
    network_timeout = PATIENCE_S
    connection_timeout = PATIENCE_S

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.edge = Edge(self.client)
