"""Reading stock and reservations."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.app.ports import StockReader
from inventory.domain.errors import ReservationNotFound, StockNotFound
from inventory.domain.reservation import Reservation
from inventory.domain.stock import Stock


async def get_stock(warehouse: StockReader, product_id: str) -> Stock:
    """The stock of one product. Raises StockNotFound."""
    found = await warehouse.get_many([product_id])
    if not found:
        raise StockNotFound(product_id)
    return found[0]


async def batch_get_stock(warehouse: StockReader, product_ids: Sequence[str]) -> list[Stock]:
    """The stock of several products, those without any left out."""
    return await warehouse.get_many(list(dict.fromkeys(product_ids)))


async def get_reservation(warehouse: StockReader, order_id: str) -> Reservation:
    """An order's reservation. Raises ReservationNotFound."""
    reservation = await warehouse.get_reservation(order_id)
    if reservation is None:
        raise ReservationNotFound(order_id)
    return reservation
