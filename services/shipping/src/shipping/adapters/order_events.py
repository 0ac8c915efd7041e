"""What orders tell us: the effect runs in the transaction that also remembers the event."""

from __future__ import annotations

from banyan.order.v1 import order_events_pb2 as order_pb
from meshkit.clock import Clock, uuid7
from meshkit.events import Event
from meshkit.inbox import Handlers
from meshkit.postgres import Connection
from shipping.adapters.postgres import PostgresTransaction
from shipping.app.create_shipment import create_shipment
from shipping.app.stop_order import stop_order
from shipping.rpc.mapping import confirmed_order


class OrderEvents:
    """The handlers of the stream ORDER."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def handlers(self) -> Handlers:
        """By subject: the message and what it does."""
        return {
            "order.confirmed": (order_pb.OrderConfirmed, self.confirmed),
            "order.cancelled": (order_pb.OrderCancelled, self.cancelled),
        }

    async def confirmed(self, event: Event, connection: Connection) -> None:
        """Makes the order's shipment."""
        await create_shipment(
            PostgresTransaction(connection),
            confirmed_order(event.message.order),
            shipment_id=uuid7(),
            now=self._clock.now(),
        )

    async def cancelled(self, event: Event, connection: Connection) -> None:
        """Stops the order's shipment."""
        order_id = event.message.order.order_id
        await stop_order(PostgresTransaction(connection), order_id, self._clock.now())
