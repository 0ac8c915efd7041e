"""The list query in SQL: filters, order, and where the page begins."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from product.adapters.rows import COLUMNS
from product.app.ports import ProductQuery, SortField

SORT_COLUMNS: Final[dict[SortField, str]] = {
    "name": "name",
    "price": "price_minor",
    "create_time": "created_at",
}
_WILDCARDS: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def list_sql(query: ProductQuery) -> tuple[str, list[Any]]:
    """The statement and its arguments. Only column names of `SORT_COLUMNS` are put into the text."""
    column = SORT_COLUMNS[query.sort]
    direction, beyond = ("DESC", "<") if query.descending else ("ASC", ">")
    arguments: list[Any] = []
    conditions: list[str] = []

    def add(condition: str, *values: Any) -> None:
        places = [f"${len(arguments) + number}" for number in range(1, len(values) + 1)]
        arguments.extend(values)
        conditions.append(condition.format(*places))

    if query.category_id:
        add("category_id = {}", query.category_id)
    if query.name_contains:
        add("name ILIKE {}", f"%{query.name_contains.translate(_WILDCARDS)}%")
    if query.min_price:
        add("price_minor >= {}", query.min_price)
    if query.max_price:
        add("price_minor <= {}", query.max_price)
    if query.after is not None:
        add(
            f"({column}, product_id) {beyond} ({{}}, {{}})",
            _bound(query.after[0], query.sort),
            query.after[1],
        )
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    arguments.append(query.limit)
    return (
        f"SELECT {COLUMNS} FROM product {where} "  # noqa: S608 - built from constants, values are arguments
        f"ORDER BY {column} {direction}, product_id {direction} LIMIT ${len(arguments)}",
        arguments,
    )


def _bound(value: str | int, sort: SortField) -> str | int | datetime:
    return datetime.fromisoformat(str(value)) if sort == "create_time" else value
