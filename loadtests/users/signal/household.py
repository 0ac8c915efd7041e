"""One cart, many hands."""

from __future__ import annotations

import random

from locust import task

from loadtests.journeys import cart
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.pace import together
from loadtests.users.person import Person

CARTS = 2


class Household(Person):
    """Puts things into a cart that others fill too: writers of one cart wait for each other."""

    wait_time = together(0.25)

    def on_start(self) -> None:
        """One of a few carts."""
        self.edge.headers["Banyan-Guest"] = f"household-{random.randrange(CARTS):016d}"

    @task
    def put(self) -> None:
        product_id = random.choice(CATALOGUE.products)
        cart.put_in(self.edge, product_id, 1)
