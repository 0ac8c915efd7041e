"""The inventory service, as the workflow needs it; the order's id is the key of every call."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from banyan.inventory.v1 import inventory_pb2, inventory_service_pb2
from meshkit.client import Caller
from order.adapters.outcomes import outcome_of
from order.domain.order import Order
from order.domain.steps import Done, Outcome

_SERVICE = "/banyan.inventory.v1.InventoryService"


class InventoryClient:
    """The `Stock` behind a channel; `hold_s` is how long units are set aside, in seconds."""

    def __init__(self, channel: Caller, hold_s: int) -> None:
        self._channel = channel
        self._hold_s = hold_s

    async def reserve(self, order: Order) -> Outcome:
        """Sets all lines aside, or none."""
        return await outcome_of(self._reserve(order))

    async def commit(self, order: Order) -> Outcome:
        """Sells what is set aside."""
        return await outcome_of(self._commit(order))

    async def release(self, order: Order) -> Outcome:
        """Gives back what is set aside or sold, and closes the order for reservations."""
        return await outcome_of(self._release(order))

    async def _reserve(self, order: Order) -> Outcome:
        request = inventory_service_pb2.ReserveRequest(
            order_id=order.order_id,
            items=[
                inventory_pb2.StockItem(product_id=line.product_id, quantity=line.quantity)
                for line in order.lines
            ],
            ttl=Duration(seconds=self._hold_s),
        )
        await self._channel.unary(f"{_SERVICE}/Reserve", request, inventory_service_pb2.ReserveResponse)
        return Done()

    async def _commit(self, order: Order) -> Outcome:
        request = inventory_service_pb2.CommitReservationRequest(order_id=order.order_id)
        await self._channel.unary(
            f"{_SERVICE}/CommitReservation", request, inventory_service_pb2.CommitReservationResponse
        )
        return Done()

    async def _release(self, order: Order) -> Outcome:
        request = inventory_service_pb2.ReleaseReservationRequest(order_id=order.order_id)
        await self._channel.unary(
            f"{_SERVICE}/ReleaseReservation", request, inventory_service_pb2.ReleaseReservationResponse
        )
        return Done()
