"""What sending costs: by zone, speed and started half kilogram, in whole euro cents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shipping.domain.errors import DestinationNotServed, ParcelTooHeavy
from shipping.domain.shipment import Speed

CURRENCY = "EUR"
LIMIT_GRAMS = 200_000
STEP_GRAMS = 500


class Zone(StrEnum):
    """How far a country is from the warehouse in Germany."""

    DOMESTIC = "domestic"
    UNION = "union"
    EUROPE = "europe"
    WORLD = "world"


COUNTRIES: dict[Zone, str] = {
    Zone.DOMESTIC: "DE",
    Zone.UNION: "AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK",
    Zone.EUROPE: "AD AL BA CH FO GB GG GI IM IS JE LI MC MD ME MK NO RS SM TR UA VA XK",
    Zone.WORLD: "AE AR AU BR CA CL CN CO EG HK ID IL IN JP KE KR MA MX MY NG NZ PE PH QA SA SG TH TN TW "
    "US UY VN ZA",
}
ZONE_OF = {country: zone for zone, countries in COUNTRIES.items() for country in countries.split()}


@dataclass(frozen=True, slots=True)
class Rate:
    """The first half kilogram, each further started one, and the working days it takes."""

    base_cents: int
    step_cents: int
    min_days: int
    max_days: int


RATES: dict[tuple[Zone, Speed], Rate] = {
    (Zone.DOMESTIC, Speed.STANDARD): Rate(399, 20, 2, 3),
    (Zone.DOMESTIC, Speed.EXPRESS): Rate(899, 45, 1, 1),
    (Zone.UNION, Speed.STANDARD): Rate(799, 60, 3, 6),
    (Zone.UNION, Speed.EXPRESS): Rate(1799, 140, 1, 2),
    (Zone.EUROPE, Speed.STANDARD): Rate(1299, 110, 4, 8),
    (Zone.EUROPE, Speed.EXPRESS): Rate(2999, 240, 2, 3),
    (Zone.WORLD, Speed.STANDARD): Rate(1999, 260, 7, 14),
    (Zone.WORLD, Speed.EXPRESS): Rate(4499, 520, 3, 5),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One way to send it."""

    speed: Speed
    price_cents: int
    min_days: int
    max_days: int


def options(weight_grams: int, country_code: str) -> list[Option]:
    """Every way to send `weight_grams` (1 or more) to a country, cheapest first.

    Raises DestinationNotServed and, above 200 kg, ParcelTooHeavy.
    """
    zone = ZONE_OF.get(country_code)
    if zone is None:
        raise DestinationNotServed(country_code)
    if weight_grams > LIMIT_GRAMS:
        raise ParcelTooHeavy(weight_grams, LIMIT_GRAMS)
    further_steps = (weight_grams - 1) // STEP_GRAMS
    found = []
    for speed in Speed:
        rate = RATES[zone, speed]
        price = rate.base_cents + rate.step_cents * further_steps
        found.append(Option(speed, price, rate.min_days, rate.max_days))
    return sorted(found, key=lambda option: option.price_cents)
