"""The books, read again and again."""

from __future__ import annotations

import random

from locust import constant_throughput, task

from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class Accountant(Person):
    """Lists payments: each list holds a database connection of payment."""

    wait_time = constant_throughput(4)

    def on_start(self) -> None:
        """One of the known customers, whose payments these are."""
        self.edge.headers.update(random.choice(CATALOGUE.customers))

    @task
    def read(self) -> None:
        self.edge.get("/v1/payments?page_size=100", name="/v1/payments (100)")
