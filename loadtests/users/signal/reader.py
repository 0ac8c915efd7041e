"""The catalogue, and nothing else."""

from __future__ import annotations

from locust import constant_throughput, task

from loadtests.journeys import browse
from loadtests.users.person import Person


class Reader(Person):
    """Reads product after product, five a second."""

    weight = 2
    wait_time = constant_throughput(5)

    @task
    def read(self) -> None:
        browse.product(self.edge)
