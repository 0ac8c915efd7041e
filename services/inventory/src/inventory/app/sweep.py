"""Giving back what was held too long."""

from __future__ import annotations

from inventory.app.ports import Warehouse
from inventory.app.settle import expire
from meshkit.clock import Clock

BATCH = 100


async def sweep(warehouse: Warehouse, clock: Clock) -> int:
    """Expires at most 100 reservations, each in a transaction of its own; how many. Safe on several replicas at once."""
    expired = 0
    for order_id in await warehouse.due(clock.now(), BATCH):
        async with warehouse.transaction() as stock:
            expired += await expire(stock, order_id, now=clock.now())
    return expired
