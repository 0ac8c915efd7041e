"""A pallet at the gate: every box is scanned at the same moment."""

from __future__ import annotations

from locust import task

from loadtests.journeys import restock
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.pace import together
from loadtests.users.person import Person


class Scanner(Person):
    """Brings one unit of one product at each full half second, as all others do: the row and the pool are waited for."""

    weight = 5
    wait_time = together(0.5)

    def on_start(self) -> None:
        """Staff."""
        self.edge.headers.update(CATALOGUE.staff)

    @task
    def scan(self) -> None:
        restock.scan(self.edge, CATALOGUE.products[0])
