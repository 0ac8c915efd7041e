"""Most people only look."""

from __future__ import annotations

from uuid import uuid4

from locust import between, task

from loadtests.journeys import browse, cart
from loadtests.users.person import Person


class Visitor(Person):
    """A guest: looks around, and now and then puts something into a cart and takes it out again."""

    weight = 20
    wait_time = between(1, 4)

    def on_start(self) -> None:
        """A guest's cart is found by a secret of the client's."""
        self.edge.headers["Banyan-Guest"] = uuid4().hex

    @task(3)
    def front_page(self) -> None:
        browse.front_page(self.edge)

    @task(4)
    def product(self) -> None:
        browse.product(self.edge)

    @task(4)
    def product_page(self) -> None:
        browse.product_page(self.edge)

    @task(1)
    def cart(self) -> None:
        cart.change_mind(self.edge)
