"""What it costs to send something."""

from __future__ import annotations

from shipping.domain import rates


async def quote_shipping(weight_grams: int, country_code: str) -> list[rates.Option]:
    """Every way, cheapest first; raises DestinationNotServed, ParcelTooHeavy."""
    return rates.options(weight_grams, country_code)
