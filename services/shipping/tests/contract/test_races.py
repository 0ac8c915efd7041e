"""Labelling, cancelling and voiding the same parcels at once: the carrier's books and ours agree in the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from meshkit.clock import FakeClock, uuid7
from shipping.app.buy_labels import BuyLabels
from shipping.app.create_shipment import create_shipment
from shipping.app.finish_voids import FinishVoids
from shipping.app.ports import Label, PageQuery, Store
from shipping.app.stop_order import stop_order
from shipping.app.void_shipment import VoidShipment
from shipping.domain.errors import CarrierUnavailable
from shipping.domain.shipment import Shipment, State

from ..builders import NOW, FakeCarrier, Reports, an_order

Work = Callable[[], Coroutine[Any, Any, object]]


class MoodyCarrier(FakeCarrier):
    """Gives way at every call and now and then loses an answer, by a seeded coin."""

    def __init__(self, coin: random.Random) -> None:
        super().__init__()
        self._coin = coin

    async def buy_label(self, shipment: Shipment) -> Label:
        """As asked, though the answer may be lost."""
        await asyncio.sleep(0)
        label = await super().buy_label(shipment)
        self._perhaps_lose("buy_label")
        return label

    async def void(self, tracking_number: str) -> bool:
        """As asked, though the answer may be lost."""
        await asyncio.sleep(0)
        agreed = await super().void(tracking_number)
        self._perhaps_lose("void")
        return agreed

    def _perhaps_lose(self, operation: str) -> None:
        if self._coin.random() < 0.3:
            raise CarrierUnavailable(operation, in_doubt=True)


class Shop:
    """All that touches shipments, over one store and one moody carrier."""

    def __init__(self, store: Store, coin: random.Random) -> None:
        self.store, self.carrier, self.clock, self.coin = store, MoodyCarrier(coin), FakeClock(NOW), coin
        reports = Reports()
        self._void = VoidShipment(store=store, carrier=self.carrier, clock=self.clock)
        labels = BuyLabels(
            store=store, carrier=self.carrier, clock=self.clock, report=reports, lease_s=5, batch=16
        )
        voids = FinishVoids(store=store, void=self._void, clock=self.clock, report=reports)
        self.workers: list[Work] = [labels.run, voids.run]

    async def create(self) -> str:
        """A shipment's order."""
        order = an_order()
        async with self.store.transaction() as tx:
            await create_shipment(tx, order, shipment_id=uuid7(), now=self.clock.now())
        return order.order_id

    async def cancel(self, order_id: str) -> None:
        """By the event or by the call."""
        if self.coin.random() < 0.5:
            async with self.store.transaction() as tx:
                await stop_order(tx, order_id, self.clock.now())
            return
        try:
            await self._void.run(order_id)
        except CarrierUnavailable:
            async with self.store.transaction() as tx:
                await stop_order(tx, order_id, self.clock.now())

    async def round(self, *work: Coroutine[Any, Any, object]) -> None:
        """All at once, in an order that the coin decides, beside two of each worker."""
        everything = [*work, *(worker() for worker in self.workers * 2)]
        self.coin.shuffle(everything)
        await asyncio.gather(*everything)
        self.clock.advance(60)


@pytest.mark.parametrize("seed", range(5))
async def test_books_agree_whatever_happens_at_once(store: Store, seed: int) -> None:
    shop = Shop(store, random.Random(seed))
    orders = [await shop.create() for _ in range(8)]
    cancelled = orders[::2]
    await shop.round(*(shop.cancel(order_id) for order_id in cancelled[:2]))
    await shop.round(*(shop.cancel(order_id) for order_id in cancelled[2:]))
    for _ in range(40):
        await shop.round()
    for order_id in orders:
        [shipment] = await store.page(PageQuery(user_id=None, order_id=order_id, before=None, limit=2))
        label = shop.carrier.labels.get(shipment.id)
        if order_id in cancelled:
            assert shipment.state == State.VOIDED
            assert label is None or label.tracking_number in shop.carrier.voided
        else:
            assert shipment.state == State.LABELLED
            assert label is not None
            assert label.tracking_number == shipment.tracking_number
            assert label.tracking_number not in shop.carrier.voided
