"""Parcels to where the carrier is slow."""

from __future__ import annotations

import random

from locust import constant_throughput, task

from loadtests.journeys import checkout
from loadtests.support.catalogue import CATALOGUE
from loadtests.users.person import Person

CITY = "Slowville"
"""The stand-in of the carrier takes a second for a label to there."""


class FarAway(Person):
    """Orders one thing every two seconds, to a city for which labels come slowly."""

    wait_time = constant_throughput(0.5)

    def on_start(self) -> None:
        """One of the known customers."""
        self.edge.headers.update(random.choice(CATALOGUE.customers))

    @task
    def order(self) -> None:
        product_id = random.choice(CATALOGUE.products)
        checkout.order(self.edge, [(product_id, 1)], city=CITY, name="/v1/orders (slow carrier)")
