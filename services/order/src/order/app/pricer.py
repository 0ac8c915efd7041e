"""Prices a list of items for a destination; shared by quoting and placing."""

from __future__ import annotations

from collections.abc import Sequence

from order.app.ports import Carts, Catalogue, Shipping
from order.domain.errors import SpeedNotOffered
from order.domain.order import Item, Speed
from order.domain.pricing import Quote, check_items, parcel_grams, price_lines, quote


class Pricer:
    """Asks cart, catalogue and shipping in turn: each needs the answer of the one before."""

    def __init__(self, *, carts: Carts, catalogue: Catalogue, shipping: Shipping, currency: str) -> None:
        self._carts = carts
        self._catalogue = catalogue
        self._shipping = shipping
        self._currency = currency

    async def price(self, items: Sequence[Item], country_code: str, speed: Speed) -> Quote:
        """Today's price of `items`, or of the caller's cart when there are none.

        Raises CartEmpty, DuplicateItem, ProductUnavailable, CurrencyMismatch, ParcelTooHeavy, SpeedNotOffered and
        OrderTooLarge, and passes on what the upstreams refuse with.
        """
        if not items:
            items = await self._carts.items()
        check_items(items)
        products = await self._catalogue.products([item.product_id for item in items])
        lines = price_lines(items, products, self._currency)
        prices = await self._shipping.quote(parcel_grams(lines), country_code)
        if speed not in prices:
            raise SpeedNotOffered(speed)
        return quote(lines, prices[speed])
