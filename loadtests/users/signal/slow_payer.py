"""Cards that take their time."""

from __future__ import annotations

import random

from locust import constant, task

from loadtests.journeys import checkout
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class SlowPayer(Person):
    """Orders one thing after another with a card that takes 1.5 s: the workflow waits, and nothing works."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """One of the known customers."""
        self.edge.headers.update(random.choice(CATALOGUE.customers))

    @task
    def order(self) -> None:
        product_id = random.choice(CATALOGUE.products)
        checkout.order(self.edge, [(product_id, 1)], token="tok_slow", name="/v1/orders (slow card)")  # noqa: S106
