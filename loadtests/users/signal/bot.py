"""Requests that end at the edge."""

from __future__ import annotations

from locust import constant_throughput, task

from loadtests.support.edge import Json
from loadtests.users.person import Person


class Bot(Person):
    """Asks for orders without a token, and is refused before any service is called."""

    weight = 2
    wait_time = constant_throughput(5)

    def on_start(self) -> None:
        """A connection for each request, as bots have it: new replicas of the edge get their share at once."""
        self.edge.headers["Connection"] = "close"

    @task
    def ask(self) -> None:
        self.edge.ask("GET", "/v1/orders", name="/v1/orders (no token)", expect=(401,), check=is_refusal)


def is_refusal(found: Json) -> str:
    """A problem document that says so."""
    return "" if found.get("status") == 401 and found.get("code") else "no problem document"
