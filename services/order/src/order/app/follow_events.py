"""What other services' events change in an order: its shipment, its delivery, what was paid back."""

from __future__ import annotations

from dataclasses import replace

from order.app.ports import Clock, OrderChanges
from order.domain.money import Money
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.workflow import EventKind


class FollowEvents:
    """Each may come twice or out of order; what is known already changes nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def shipment_created(self, orders: OrderChanges, order_id: str, shipment_id: str) -> None:
        """Notes the shipment's id."""
        await orders.change(order_id, lambda order: self._shipped(order, shipment_id))

    async def shipment_delivered(self, orders: OrderChanges, order_id: str, shipment_id: str) -> None:
        """A confirmed order becomes fulfilled; any other state has already left that road."""
        await orders.change(order_id, lambda order: self._delivered(order, shipment_id), EventKind.FULFILLED)

    async def payment_refunded(self, orders: OrderChanges, order_id: str, refunded: Money) -> None:
        """`refunded` is all that was paid back of the order's payment; the most that was told counts."""
        await orders.change(order_id, lambda order: order.refunded_to(refunded, self._clock.now()))

    def _shipped(self, order: Order, shipment_id: str) -> Order:
        if order.shipment_id == shipment_id:
            return order
        return order.shipped_as(shipment_id, self._clock.now())

    def _delivered(self, order: Order, shipment_id: str) -> Order:
        if order.state is not OrderState.CONFIRMED:
            return order
        return replace(order.fulfilled(self._clock.now()), shipment_id=shipment_id)
