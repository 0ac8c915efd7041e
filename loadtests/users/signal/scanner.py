"""A pallet at the gate: every box is scanned at the same moment."""

from __future__ import annotations

import time

from locust import task

from loadtests.journeys import restock
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person

EVERY_S = 0.5


class Scanner(Person):
    """Brings one unit of one product at each full half second, as all others do: the row and the pool are waited for."""

    def wait_time(self) -> float:
        """Until the next full half second."""
        return EVERY_S - time.time() % EVERY_S

    def on_start(self) -> None:
        """Staff."""
        self.edge.headers.update(CATALOGUE.staff)

    @task
    def scan(self) -> None:
        restock.scan(self.edge, CATALOGUE.products[0])
