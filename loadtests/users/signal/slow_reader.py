"""People whose mail server is slow."""

from __future__ import annotations

import random

from locust import constant_throughput, task

from loadtests.journeys import checkout
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class SlowReader(Person):
    """Orders one thing every two seconds; the receipts go to a mailbox that takes a second for each."""

    wait_time = constant_throughput(0.5)

    def on_start(self) -> None:
        """One of the customers with such a mailbox."""
        self.edge.headers.update(random.choice(CATALOGUE.slow_readers))

    @task
    def order(self) -> None:
        checkout.one_thing(self.edge, random.choice(CATALOGUE.products))
