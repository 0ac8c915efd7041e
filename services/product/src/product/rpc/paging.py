"""The list request as a query, and the token of the page after."""

from __future__ import annotations

from typing import Final

from banyan.product.v1 import product_service_pb2 as pb
from meshkit import paging
from product.app.ports import ProductQuery, SortField
from product.domain.errors import InvalidProduct
from product.domain.product import Product

_SORTS: Final[dict[str, SortField]] = {"name": "name", "price": "price", "create_time": "create_time"}


def query_of(request: pb.ListProductsRequest) -> ProductQuery:
    """The query of a request. Raises invalid_argument for an unknown order or a foreign page token."""
    sort, descending = _order(request.order_by)
    last = paging.decode(_selection(request), request.page_token, [int if sort == "price" else str, str])
    return ProductQuery(
        limit=paging.page_size(request.page_size),
        sort=sort,
        descending=descending,
        category_id=request.category_id,
        name_contains=request.name_contains,
        min_price=request.min_price_minor_units,
        max_price=request.max_price_minor_units,
        after=(last[0], str(last[1])) if last else None,
    )


def token_after(request: pb.ListProductsRequest, query: ProductQuery, last: Product) -> str:
    """The token of the page that follows `last`."""
    keys: dict[SortField, str | int] = {
        "name": last.name,
        "price": last.price.minor_units,
        "create_time": last.created_at.isoformat(),
    }
    return paging.encode(_selection(request), [keys[query.sort], last.product_id])


def _order(order_by: str) -> tuple[SortField, bool]:
    words = order_by.split() or ["name"]
    sort = _SORTS.get(words[0])
    if sort is None or words[1:] not in ([], ["asc"], ["desc"]):
        raise InvalidProduct([("order_by", "must be name, price or create_time, then optionally desc")])
    return sort, words[1:] == ["desc"]


def _selection(request: pb.ListProductsRequest) -> list[str | int]:
    return [
        *map(str, _order(request.order_by)),
        request.category_id,
        request.name_contains,
        request.min_price_minor_units,
        request.max_price_minor_units,
    ]
