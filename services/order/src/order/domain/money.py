"""Amounts as whole minor units of one currency; nothing here ever rounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from order.domain.errors import CurrencyMismatch

_INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` minor units (cents) of `currency` (ISO 4217), 0 to 2^63 - 1."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not 0 <= self.minor <= _INT64_MAX:
            raise ValueError(f"{self.minor} minor units are out of range")
        if len(self.currency) != 3:
            raise ValueError("a currency is a code of three letters")

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def times(self, quantity: int) -> Money:
        """The price of `quantity` units, 0 or more."""
        return Money(self.minor * quantity, self.currency)

    def most(self, other: Money) -> Money:
        """The larger of two amounts of one currency."""
        self._same_currency(other)
        return self if self.minor >= other.minor else other

    def _same_currency(self, other: Money) -> None:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)


def total_of(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts in `currency`; zero of it for none."""
    total = Money(0, currency)
    for amount in amounts:
        total += amount
    return total
