"""The people of the seeded shop."""

from __future__ import annotations

from dataclasses import dataclass

CUSTOMER_PASSWORD = "correct horse battery staple"  # noqa: S105  a documented example, for one's own machine only


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with a fixed id."""

    email: str
    name: str


CUSTOMERS = (
    Customer("ada@example.com", "Ada Lovelace"),
    Customer("grace@example.com", "Grace Hopper"),
    Customer("linus@example.com", "Linus Torvalds"),
)
