"""Some people come back to see what became of it."""

from __future__ import annotations

import random

from locust import between, task

from loadtests.journeys import account, checkout, history
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class Regular(Person):
    """Logs in, looks at orders, payments, parcels and messages, buys again."""

    weight = 2
    wait_time = between(2, 6)

    def on_start(self) -> None:
        """One of the known customers."""
        account.log_in(self.edge, random.choice(CATALOGUE.emails))

    @task(4)
    def orders(self) -> None:
        history.orders(self.edge)

    @task(2)
    def papers(self) -> None:
        history.papers(self.edge)

    @task(1)
    def again(self) -> None:
        checkout.one_thing(self.edge)
