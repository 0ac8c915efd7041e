"""Looking around: the list, a product, its page."""

from __future__ import annotations

import random

from loadtests.support.catalogue import CATALOGUE
from loadtests.support.edge import Check, Edge, Json


def front_page(edge: Edge) -> None:
    """Categories and the first page of products."""
    edge.get("/v1/categories", check=lambda found: "" if found.get("categories") else "no categories")
    edge.get(
        "/v1/products?page_size=20",
        name="/v1/products",
        check=lambda found: "" if found.get("products") else "no products",
    )


def product(edge: Edge) -> None:
    """One product, as data."""
    product_id = random.choice(CATALOGUE.products)
    edge.get(f"/v1/products/{product_id}", name="/v1/products/{id}", check=is_product(product_id))


def product_page(edge: Edge) -> None:
    """One product with its stock and delivery offers; a page without its optional parts is a failure here."""
    product_id = random.choice(CATALOGUE.products)

    def complete(found: Json) -> str:
        missing = found.get("degraded")
        return f"degraded: {missing}" if missing else is_product(product_id)(found)

    edge.get(
        f"/v1/views/products/{product_id}?countryCode=DE", name="/v1/views/products/{id}", check=complete
    )


def is_product(product_id: str) -> Check:
    """A check that the answer is this product, with a price."""

    def check(found: Json) -> str:
        shown = found.get("product", {})
        if shown.get("productId") != product_id:
            return f"product {shown.get('productId')}"
        return "" if int(shown.get("price", {}).get("minorUnits", 0)) > 0 else "no price"

    return check
