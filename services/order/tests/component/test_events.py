"""Events out of the outbox and into the inbox, over a real broker."""

from __future__ import annotations

import uuid
from typing import Any

import nats
from google.protobuf.message import Message
from nats.js.errors import NotFoundError

from banyan.common.v1.money_pb2 import Money
from banyan.order.v1 import order_events_pb2, order_pb2
from banyan.order.v1 import order_service_pb2 as calls
from banyan.payment.v1 import payment_events_pb2, payment_pb2
from banyan.shipping.v1 import shipping_events_pb2, shipping_pb2
from meshkit.clock import uuid7
from meshkit.testing import eventually
from services.order.tests.component.conftest import World


async def _order(world: World, user: str, order_id: str) -> order_pb2.Order:
    got = await world.call("GetOrder", calls.GetOrderRequest(order_id=order_id), user=user)
    order: order_pb2.Order = got.message.order
    return order


async def _tell(broker: Any, subject: str, event: Message, entity_id: str) -> None:
    """Publishes twice, as a broker may."""
    event_id = str(uuid.UUID(uuid7()))
    headers = {
        "ce-id": event_id,
        "ce-type": event.DESCRIPTOR.full_name,
        "ce-time": "2026-03-01T12:00:00Z",
        "ce-subject": entity_id,
    }
    for copy in range(2):
        await broker.publish(
            subject, event.SerializeToString(), headers={**headers, "Nats-Msg-Id": f"{event_id}-{copy}"}
        )


async def test_an_order_follows_its_shipment_and_its_refunds(world: World, user: str) -> None:
    placed = (await world.place(user=user, items={world.shop.offer(): 1})).message.order
    order_id, shipment_id = placed.order_id, uuid7()
    shipment = shipping_pb2.Shipment(shipment_id=shipment_id, order_id=order_id)
    payment = payment_pb2.Payment(order_id=order_id, refunded=Money(minor_units=300, currency_code="EUR"))
    client = await nats.connect(world.nats_url)
    try:
        broker = client.jetstream()
        await broker.add_stream(name="SHIPPING", subjects=["shipping.>"])
        await broker.add_stream(name="PAYMENT", subjects=["payment.>"])
        await _tell(
            broker, "shipping.created", shipping_events_pb2.ShipmentCreated(shipment=shipment), order_id
        )
        await _tell(broker, "payment.refunded", payment_events_pb2.PaymentRefunded(payment=payment), order_id)

        async def told() -> bool:
            order = await _order(world, user, order_id)
            return bool(order.shipment_id == shipment_id and order.refunded.minor_units == 300)

        await eventually(told, deadline_s=20)
        await _tell(
            broker, "shipping.delivered", shipping_events_pb2.ShipmentDelivered(shipment=shipment), order_id
        )

        async def fulfilled() -> bool:
            return bool((await _order(world, user, order_id)).state == order_pb2.ORDER_STATE_FULFILLED)

        await eventually(fulfilled, deadline_s=20)
    finally:
        await client.close()


async def test_the_life_of_an_order_is_told_in_its_order(world: World, user: str) -> None:
    placed = (await world.place(user=user, items={world.shop.offer(): 1})).message.order
    await world.call("CancelOrder", calls.CancelOrderRequest(order_id=placed.order_id), user=user)
    client = await nats.connect(world.nats_url)
    try:
        broker = client.jetstream()

        async def published() -> bool:
            try:
                return bool((await broker.stream_info("ORDER")).state.messages == 3)
            except NotFoundError:  # the relay makes it
                return False

        await eventually(published, deadline_s=20)
        subscription = await broker.subscribe("order.>", ordered_consumer=True)
        told = [await subscription.next_msg(timeout=5) for _ in range(3)]
        assert [message.subject for message in told] == ["order.placed", "order.confirmed", "order.cancelled"]
        assert {(message.headers or {})["ce-subject"] for message in told} == {placed.order_id}
        confirmed = order_events_pb2.OrderConfirmed.FromString(told[1].data).order
        assert confirmed.shipping_address == placed.shipping_address
        assert confirmed == placed
    finally:
        await client.close()
