"""People who come for one thing."""

from __future__ import annotations

import random

from locust import between, task

from loadtests.journeys import browse, checkout
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class BargainHunter(Person):
    """Tries to get one unit of the scarce product, and reads its page meanwhile."""

    weight = 15
    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        """One of the known customers: hunters were here before."""
        self.edge.headers.update(random.choice(CATALOGUE.customers))

    @task(2)
    def look(self) -> None:
        browse.product_page(self.edge)

    @task(1)
    def grab(self) -> None:
        checkout.scarce_thing(self.edge)
