"""Some people buy."""

from __future__ import annotations

from locust import between, task

from loadtests.journeys import account, browse, checkout
from loadtests.users.person import Person


class Buyer(Person):
    """Registers, looks, fills a cart and orders it; some cards are declined."""

    weight = 5
    wait_time = between(2, 6)

    def on_start(self) -> None:
        """An account of one's own: carts and orders are by account."""
        account.log_in(self.edge, account.register(self.edge))

    @task(2)
    def look(self) -> None:
        browse.product_page(self.edge)

    @task(1)
    def buy(self) -> None:
        checkout.from_cart(self.edge)
