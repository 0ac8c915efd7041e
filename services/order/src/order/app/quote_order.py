"""What an order would cost now."""

from __future__ import annotations

from collections.abc import Sequence

from order.app.pricer import Pricer
from order.domain.order import Item, Speed
from order.domain.pricing import Quote


class QuoteOrder:
    """Writes and holds nothing."""

    def __init__(self, pricer: Pricer) -> None:
        self._pricer = pricer

    async def __call__(self, items: Sequence[Item], country_code: str, speed: Speed) -> Quote:
        """As `Pricer.price`."""
        return await self._pricer.price(items, country_code, speed)
