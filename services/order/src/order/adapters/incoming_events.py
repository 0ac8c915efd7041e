"""Events of shipping and payment that change an order; the effect commits with the inbox row."""

from __future__ import annotations

from banyan.payment.v1 import payment_events_pb2
from banyan.shipping.v1 import shipping_events_pb2
from meshkit.events import Event
from meshkit.inbox import Handlers
from meshkit.postgres import Connection
from order.adapters.postgres import PostgresChanges
from order.app.follow_events import FollowEvents
from order.app.ports import Clock
from order.domain.money import Money


class EventHandlers:
    """Maps each event to its use case, inside the transaction that the consumer opened."""

    def __init__(self, follow: FollowEvents, clock: Clock) -> None:
        self._follow = follow
        self._clock = clock

    @property
    def of_shipping(self) -> Handlers:
        """Subjects of the stream SHIPPING."""
        return {
            "shipping.created": (shipping_events_pb2.ShipmentCreated, self._created),
            "shipping.delivered": (shipping_events_pb2.ShipmentDelivered, self._delivered),
        }

    @property
    def of_payment(self) -> Handlers:
        """Subjects of the stream PAYMENT."""
        return {"payment.refunded": (payment_events_pb2.PaymentRefunded, self._refunded)}

    async def _created(self, event: Event, connection: Connection) -> None:
        shipment = event.message.shipment
        await self._follow.shipment_created(
            PostgresChanges(connection, self._clock), shipment.order_id, shipment.shipment_id
        )

    async def _delivered(self, event: Event, connection: Connection) -> None:
        shipment = event.message.shipment
        await self._follow.shipment_delivered(
            PostgresChanges(connection, self._clock), shipment.order_id, shipment.shipment_id
        )

    async def _refunded(self, event: Event, connection: Connection) -> None:
        payment = event.message.payment
        refunded = Money(payment.refunded.minor_units, payment.refunded.currency_code)
        await self._follow.payment_refunded(
            PostgresChanges(connection, self._clock), payment.order_id, refunded
        )
