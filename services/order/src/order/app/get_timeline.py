"""Each recorded step of an order's workflow."""

from __future__ import annotations

from collections.abc import Sequence

from order.app.get_order import GetOrder, Viewer
from order.app.ports import OrderReader
from order.domain.workflow import Entry


class GetTimeline:
    """For those who may see the order."""

    def __init__(self, get_order: GetOrder, orders: OrderReader) -> None:
        self._get_order = get_order
        self._orders = orders

    async def __call__(self, viewer: Viewer, order_id: str) -> Sequence[Entry]:
        """Oldest first. Raises OrderNotFound."""
        await self._get_order(viewer, order_id)
        return await self._orders.timeline(order_id)
