"""One member of staff keeps the shelves full."""

from __future__ import annotations

from locust import between, task

from loadtests.journeys import restock
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person


class Supplier(Person):
    """Brings goods and looks at the stock."""

    fixed_count = 1
    wait_time = between(2, 5)

    def on_start(self) -> None:
        """Staff."""
        self.edge.headers.update(CATALOGUE.staff)

    @task(1)
    def bring(self) -> None:
        restock.receive(self.edge)

    @task(2)
    def look(self) -> None:
        restock.look(self.edge)
