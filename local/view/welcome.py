"""What a person can try first, once everything is up."""

from __future__ import annotations

from typing import Any

from local.seeding.people import CUSTOMER_PASSWORD, CUSTOMERS
from local.view.console import out
from local.view.tables import up_table


def welcome(status: dict[str, Any], snapshot: dict[str, Any]) -> None:
    """The table, three curl lines, and notes such as generated credentials."""
    out.print()
    up_table(status)
    if any(row["group"] == "gateway" for row in status["processes"]):
        _try(status["base_url"])
    for note in snapshot["notes"]:
        out.print(note, markup=False)
    out.print(f"\nup in {snapshot['seconds']:.1f} s", style="bold green")


def _try(url: str) -> None:
    json = "-H 'content-type: application/json'"
    person = '{"email": "you@example.com", "password": "a long enough password", "display_name": "You"}'
    login = f'{{"email": "{CUSTOMERS[0].email}", "password": "{CUSTOMER_PASSWORD}"}}'
    out.print(f"\nThe shop is at {url} (its API: {url}/docs). Try:\n", markup=False)
    for line in (
        f"  curl '{url}/v1/products?page_size=3'",
        f"  curl {url}/v1/users {json} -d '{person}'",
        f"  curl {url}/v1/sessions {json} -d '{login}'",
    ):
        out.print(line, markup=False, soft_wrap=True)
    out.print()
