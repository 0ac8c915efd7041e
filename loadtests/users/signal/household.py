"""One cart, many hands."""

from __future__ import annotations

import random
import time

from locust import task

from loadtests.journeys import cart
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person

CARTS = 2
EVERY_S = 0.25


def together(_: Person) -> float:
    """Until the next quarter of a second: all at the same moment, so that they meet."""
    return EVERY_S - time.time() % EVERY_S


class Household(Person):
    """Puts things into a cart that others fill too: writers of one cart wait for each other."""

    wait_time = together

    def on_start(self) -> None:
        """One of a few carts."""
        self.edge.headers["Banyan-Guest"] = f"household-{random.randrange(CARTS):016d}"

    @task
    def put(self) -> None:
        product_id = random.choice(CATALOGUE.products)
        cart.put_in(self.edge, product_id, 1)
