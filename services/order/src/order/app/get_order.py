"""One order, for those who may see it."""

from __future__ import annotations

from dataclasses import dataclass

from order.app.ports import OrderReader
from order.domain.errors import OrderNotFound
from order.domain.order import Order


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks; staff reach every order."""

    user_id: str
    is_staff: bool = False

    def may_see(self, order: Order) -> bool:
        """Whether the order is theirs, or they are staff."""
        return self.is_staff or order.user_id == self.user_id


class GetOrder:
    """Another user's order is as if it did not exist."""

    def __init__(self, orders: OrderReader) -> None:
        self._orders = orders

    async def __call__(self, viewer: Viewer, order_id: str) -> Order:
        """Raises OrderNotFound."""
        order = await self._orders.get(order_id)
        if order is None or not viewer.may_see(order):
            raise OrderNotFound(order_id)
        return order
