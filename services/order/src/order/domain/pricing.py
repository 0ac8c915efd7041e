"""From items and the catalogue to priced lines; the client's idea of a price is never asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from order.domain.errors import (
    CartEmpty,
    CurrencyMismatch,
    DuplicateItem,
    OrderTooLarge,
    ParcelTooHeavy,
    ProductUnavailable,
)
from order.domain.money import Money, total_of
from order.domain.order import Item, OrderLine

# What shipping's contract takes for one parcel, in grams.
MAX_PARCEL_GRAMS = 1_000_000
# What payment's contract takes in one charge, in minor units.
MAX_CHARGE_MINOR_UNITS = 100_000_000


@dataclass(frozen=True, slots=True)
class Product:
    """What the catalogue says of a product now; weight in grams for one unit."""

    product_id: str
    name: str
    price: Money
    weight_grams: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order costs."""

    lines: tuple[OrderLine, ...]
    shipping_price: Money

    @property
    def subtotal(self) -> Money:
        """Sum of the lines."""
        return total_of((line.total for line in self.lines), self.shipping_price.currency)

    @property
    def total(self) -> Money:
        """Subtotal and shipping."""
        return self.subtotal + self.shipping_price


def check_items(items: Sequence[Item]) -> None:
    """Raises CartEmpty for none and DuplicateItem for a product on two lines."""
    if not items:
        raise CartEmpty
    seen: set[str] = set()
    for index, item in enumerate(items):
        if item.product_id in seen:
            raise DuplicateItem(index, item.product_id)
        seen.add(item.product_id)


def price_lines(
    items: Sequence[Item], products: Mapping[str, Product], currency: str
) -> tuple[OrderLine, ...]:
    """The lines at today's prices; ProductUnavailable names all that are not on sale."""
    if missing := [item.product_id for item in items if item.product_id not in products]:
        raise ProductUnavailable(missing)
    lines = tuple(_line(products[item.product_id], item.quantity) for item in items)
    for line in lines:
        if line.unit_price.currency != currency:
            raise CurrencyMismatch(currency, line.unit_price.currency)
    return lines


def parcel_grams(lines: Sequence[OrderLine]) -> int:
    """The weight of all lines in grams; ParcelTooHeavy above what shipping takes."""
    weight = sum(line.unit_weight_grams * line.quantity for line in lines)
    if weight > MAX_PARCEL_GRAMS:
        raise ParcelTooHeavy(weight, MAX_PARCEL_GRAMS)
    return weight


def quote(lines: tuple[OrderLine, ...], shipping_price: Money) -> Quote:
    """The whole price; OrderTooLarge above what one charge takes."""
    made = Quote(lines, shipping_price)
    if made.total.minor > MAX_CHARGE_MINOR_UNITS:
        raise OrderTooLarge(made.total.minor, MAX_CHARGE_MINOR_UNITS)
    return made


def _line(product: Product, quantity: int) -> OrderLine:
    return OrderLine(product.product_id, product.name, quantity, product.price, product.weight_grams)
