"""Prices are whole cents, grow with weight, and cover every country we serve."""

from __future__ import annotations

import pytest

from shipping.domain import rates
from shipping.domain.errors import DestinationNotServed, ParcelTooHeavy
from shipping.domain.shipment import Speed


def price(weight_grams: int, country: str, speed: Speed = Speed.STANDARD) -> int:
    """One option's price."""
    return next(o.price_cents for o in rates.options(weight_grams, country) if o.speed == speed)


@pytest.mark.parametrize(
    ("weight", "cents"), [(1, 399), (500, 399), (501, 419), (1000, 419), (1001, 439), (200_000, 8379)]
)
def test_each_started_half_kilogram_costs_one_step(weight: int, cents: int) -> None:
    assert price(weight, "DE") == cents


def test_farther_and_faster_cost_more() -> None:
    standard = [price(2_000, country) for country in ("DE", "FR", "GB", "US")]
    assert standard == sorted(set(standard))
    for country in rates.ZONE_OF:
        cheap, dear = rates.options(2_000, country)
        assert (cheap.speed, dear.speed) == (Speed.STANDARD, Speed.EXPRESS)
        assert cheap.price_cents < dear.price_cents
        assert 1 <= dear.min_days <= dear.max_days <= cheap.max_days


def test_every_country_is_in_one_zone() -> None:
    listed = " ".join(rates.COUNTRIES.values()).split()
    assert len(listed) == len(set(listed)) == len(rates.ZONE_OF)


def test_refusals_carry_what_was_asked() -> None:
    with pytest.raises(DestinationNotServed) as unserved:
        rates.options(1, "AQ")
    assert unserved.value.metadata == {"country_code": "AQ"}
    with pytest.raises(ParcelTooHeavy) as heavy:
        rates.options(200_001, "DE")
    assert heavy.value.metadata == {"weight_grams": "200001", "limit_grams": "200000"}
