"""How the tests of the audit corrupt books: one row says what was done, who must see it, and what must be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from local.audit.cases import Case, OrderCase
from local.tests.audit_books import CONFIRMED, CUSTOMER, FIGURES, STOCK, entries


class Sabotage(NamedTuple):
    """What was done to the books, who must see it, and words or figures that must be told."""

    invariant: str
    what: str
    case: Case
    told: tuple[str | int, ...]


def bad(invariant: str, what: str, case: Case, *told: str | int) -> Sabotage:
    """One row of the list."""
    return Sabotage(invariant, what, case, told)


def levels(**changes: int) -> Case:
    """The product with other levels."""
    assert STOCK.levels is not None
    return replace(STOCK, levels=replace(STOCK.levels, **changes))


def history(text: str, case: OrderCase = CONFIRMED) -> Case:
    """An order with another timeline."""
    return replace(case, timeline=entries(text))


def with_order(case: OrderCase = CONFIRMED, **changes: Any) -> OrderCase:
    """A case whose order has other columns."""
    assert case.order is not None
    return replace(case, order=replace(case.order, **changes))


def flow(case: OrderCase, **changes: Any) -> OrderCase:
    """A case whose workflow is another."""
    assert case.workflow is not None
    return replace(case, workflow=replace(case.workflow, **changes))


def kept(**changes: int) -> Case:
    """The customer with other figures."""
    return replace(CUSTOMER, kept=replace(FIGURES, **changes))
