"""What makes a product valid, and how it changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshkit.clock import uuid7
from product.domain.errors import EtagMismatch, InvalidProduct
from product.domain.product import Category, Money, Product

from ..builders import NOW, product


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "product.name"),
        ({"name": "x" * 201}, "product.name"),
        ({"description": "x" * 4001}, "product.description"),
        ({"price": Money(0, "EUR")}, "product.price.minor_units"),
        ({"price": Money(100_000_001, "EUR")}, "product.price.minor_units"),
        ({"price": Money(1, "eur")}, "product.price.currency_code"),
        ({"weight_grams": 0}, "product.weight_grams"),
        ({"attributes": {"": "x"}}, "product.attributes"),
        ({"attributes": {str(n): "x" for n in range(51)}}, "product.attributes"),
    ],
)
def test_each_bad_field_is_named(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidProduct) as caught:
        product(uuid7(), **changes)
    assert [name for name, _ in caught.value.violations] == [field]


def test_all_bad_fields_come_in_one_report() -> None:
    with pytest.raises(InvalidProduct) as caught:
        product(uuid7(), name="", weight_grams=0, price=Money(0, ""))
    assert len(caught.value.violations) == 4


@given(price=st.integers(1, 100_000_000), name=st.text(min_size=1, max_size=200))
def test_change_keeps_the_rest_and_moves_the_etag(price: int, name: str) -> None:
    before = product(uuid7())
    after = before.changed({"name": name, "price": Money(price, "EUR")}, NOW + timedelta(seconds=1))
    assert (after.name, after.price.minor_units) == (name, price)
    assert after.etag != before.etag
    assert (after.product_id, after.created_at, after.attributes) == (
        before.product_id,
        before.created_at,
        before.attributes,
    )


def test_etag_is_required_only_when_given() -> None:
    made: Product = product(uuid7())
    made.require("")
    made.require(made.etag)
    made.require(f'"{made.etag}"')
    with pytest.raises(EtagMismatch):
        made.require("other")


@pytest.mark.parametrize("slug", ["", "Upper", "two words", "-x", "x-", "x--y"])
def test_slug_must_be_an_address_part(slug: str) -> None:
    with pytest.raises(InvalidProduct):
        Category(category_id=uuid7(), slug=slug, name="Tools")
