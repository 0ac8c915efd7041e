"""A page of orders, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from order.app.get_order import Viewer
from order.app.ports import OrderReader, PageKey
from order.domain.order import Order


@dataclass(frozen=True, slots=True)
class Page:
    """Orders, and where the next page begins when there is one."""

    orders: Sequence[Order]
    next: PageKey | None


class ListOrders:
    """The viewer's own orders; staff see everybody's."""

    def __init__(self, orders: OrderReader) -> None:
        self._orders = orders

    async def __call__(self, viewer: Viewer, after: PageKey | None, size: int) -> Page:
        """Up to `size` (1 to 100) orders older than `after`."""
        owner = None if viewer.is_staff else viewer.user_id
        found = await self._orders.list_orders(owner, after, size + 1)
        page = found[:size]
        more = len(found) > size
        return Page(page, PageKey(page[-1].created_at, page[-1].order_id) if more else None)
