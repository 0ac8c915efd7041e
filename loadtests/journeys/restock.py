"""Staff bring goods."""

from __future__ import annotations

import random

from loadtests.support.catalogue import CATALOGUE
from loadtests.support.edge import Edge


def receive(edge: Edge, product_id: str = "", units: int = 50) -> None:
    """Takes units in, and reads the stock."""
    product_id = product_id or random.choice(CATALOGUE.products)
    edge.change(
        "POST",
        f"/v1/stock/{product_id}:receive",
        {"quantity": str(units)},
        name="/v1/stock/{id}:receive",
        check=lambda found: "" if int(found["stock"]["received"]) >= units else "fewer received than brought",
    )


def look(edge: Edge) -> None:
    """The stock of one product."""
    product_id = random.choice(CATALOGUE.products)
    edge.get(
        f"/v1/stock/{product_id}",
        name="/v1/stock/{id}",
        check=lambda found: "" if "stock" in found else "none",
    )


def scan(edge: Edge, product_id: str) -> None:
    """One unit of a product."""
    edge.change(
        "POST", f"/v1/stock/{product_id}:receive", {"quantity": "1"}, name="/v1/stock/{id}:receive (one)"
    )
