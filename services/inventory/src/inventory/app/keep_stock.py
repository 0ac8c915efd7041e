"""What staff do with stock: count it, take goods in, start with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from inventory.app.ports import StockWriter
from inventory.domain.events import StockChanged
from inventory.domain.stock import Cause, Stock


async def update_stock(
    stock: StockWriter, product_id: str, *, on_hand: int, safety_stock: int | None, now: datetime
) -> Stock:
    """Stocktaking: the shelf holds `on_hand` units. Makes the stock when there is none."""
    present = await _locked(stock, product_id, now)
    counted = present.adjust(on_hand, safety_stock, now)
    await stock.record([StockChanged(counted, on_hand - present.on_hand, Cause.ADJUSTED)])
    return counted


async def receive_goods(stock: StockWriter, product_id: str, quantity: int, *, now: datetime) -> Stock:
    """Takes `quantity` units in. Makes the stock when there is none."""
    fuller = (await _locked(stock, product_id, now)).receive(quantity, now)
    await stock.record([StockChanged(fuller, quantity, Cause.RECEIVED)])
    return fuller


async def import_stock(stock: StockWriter, items: Mapping[str, int], *, now: datetime) -> int:
    """Makes stock for products that have none; how many were made."""
    empty = [Stock(product_id=product, updated_at=now) for product in sorted(items)]
    made = await stock.insert_stock(empty)
    await stock.record(
        [
            StockChanged(each.receive(items[each.product_id], now), items[each.product_id], Cause.RECEIVED)
            for each in made
        ]
    )
    return len(made)


async def _locked(stock: StockWriter, product_id: str, now: datetime) -> Stock:
    await stock.insert_stock([Stock(product_id=product_id, updated_at=now)])
    return (await stock.lock_stock([product_id]))[product_id]
