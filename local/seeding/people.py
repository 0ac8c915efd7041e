"""The people of the seeded shop: three customers, and one member of staff."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from local.seeding.ids import fixed_id

CUSTOMER_PASSWORD = "correct horse battery staple"  # noqa: S105  a documented example, for one's own machine only
STAFF_EMAIL = "staff@example.com"
EMAIL_VARIABLE = "BANYAN_STAFF_EMAIL"
PASSWORD_VARIABLE = "BANYAN_STAFF_PASSWORD"  # noqa: S105  a name, not a password


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with a fixed id."""

    user_id: str
    email: str
    name: str


CUSTOMERS = (
    Customer(fixed_id("user", 0), "ada@example.com", "Ada Lovelace"),
    Customer(fixed_id("user", 1), "grace@example.com", "Grace Hopper"),
    Customer(fixed_id("user", 2), "linus@example.com", "Linus Torvalds"),
)


@dataclass(frozen=True, slots=True)
class Staff:
    """How the member of staff logs in."""

    email: str
    password: str
    generated: bool
    """The password was made here and is shown once, nowhere kept."""


def staff_from_environment() -> Staff:
    """BANYAN_STAFF_EMAIL and BANYAN_STAFF_PASSWORD; what is unset has a default, or is random."""
    password = os.environ.get(PASSWORD_VARIABLE, "")
    email = os.environ.get(EMAIL_VARIABLE) or STAFF_EMAIL
    return Staff(email, password or secrets.token_urlsafe(15), generated=not password)


def staff_note(staff: Staff) -> str:
    """The one time that a generated password is shown."""
    return (
        f"Staff log-in, shown only now: {staff.email}  {staff.password}\n"
        f"(set {EMAIL_VARIABLE} and {PASSWORD_VARIABLE} to choose; `./banyan seed` makes a new one)"
    )
