"""`secrets`: the secrets of a shop in a development cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cluster import secrets as shop
from local.cluster.tools import kubectl
from local.view.tables import show_table


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("secrets")(make)


def make(
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Where the shop is.")] = "banyan",
    renew: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Make this one anew though it is there.")
    ] = None,
    *,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print them for `kubectl apply -f -` instead.")
    ] = False,
) -> int:
    """Make the secrets that a shop in a development cluster needs. What is there is kept; no value is shown.

    The member of staff gets BANYAN_STAFF_EMAIL and BANYAN_STAFF_PASSWORD, or a random password.
    """
    if print_only:
        print(shop.as_list(shop.wanted()))
        return 0
    made, kept = shop.make(kubectl(), namespace, renew or ())
    rows = [[name, "made"] for name in made] + [[name, "kept"] for name in kept]
    show_table([("secret", "bold"), ("", "")], rows)
    return 0
