"""From an order's event to the parcel's, through a real broker, database and carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import nats
import pytest
from google.protobuf.message import Message
from nats.js import JetStreamContext

from banyan.common.v1.postal_address_pb2 import PostalAddress
from banyan.order.v1 import order_events_pb2, order_pb2
from banyan.shipping.v1 import shipping_events_pb2, shipping_pb2
from banyan.shipping.v1 import shipping_service_pb2 as pb
from meshkit.clock import uuid7
from meshkit.events import event_headers
from meshkit.testing import Running, eventually

ADDRESS = PostalAddress(
    recipient_name="Ann", address_lines=["Street 1"], city="Berlin", postal_code="10115", country_code="DE"
)
STAFF = [("banyan-user", "staff-1"), ("banyan-roles", "staff")]
EVENTS: Mapping[str, Any] = {
    "shipping.created": shipping_events_pb2.ShipmentCreated,
    "shipping.dispatched": shipping_events_pb2.ShipmentDispatched,
    "shipping.delivered": shipping_events_pb2.ShipmentDelivered,
}


class Broker:
    """The order service's side of the broker, and what shipping tells."""

    def __init__(self, stream: JetStreamContext) -> None:
        self._stream = stream

    async def tell(self, subject: str, event: Message, order_id: str) -> None:
        """Publishes as the order service does, each time as an event of its own."""
        headers = event_headers(
            event_id=uuid7(),
            type_name=event.DESCRIPTOR.full_name,
            source="banyan/order",
            time=datetime.now(UTC),
            entity_id=order_id,
            extra={},
        )
        await self._stream.publish(subject, event.SerializeToString(), headers=headers)

    async def told(self) -> list[tuple[str, shipping_pb2.Shipment]]:
        """All events of shipping so far."""
        info = await self._stream.stream_info("SHIPPING")
        found = []
        for position in range(1, info.state.last_seq + 1):
            message = await self._stream.get_msg("SHIPPING", position)
            subject = message.subject or ""
            found.append((subject, EVENTS[subject].FromString(message.data or b"").shipment))
        return found


@pytest.fixture
async def broker(nats_server: str) -> AsyncIterator[Broker]:
    """A broker that has the stream ORDER."""
    client = await nats.connect(nats_server)
    stream = client.jetstream()
    await stream.add_stream(name="ORDER", subjects=["order.>"])
    yield Broker(stream)
    await client.close()


def an_order() -> order_pb2.Order:
    """A confirmed one of 2 × 400 g."""
    line = order_pb2.OrderLine(product_id=uuid7(), quantity=2, unit_weight_grams=400)
    return order_pb2.Order(order_id=uuid7(), user_id="user-1", lines=[line], shipping_address=ADDRESS)


async def shipments_of(served: Running, order_id: str) -> list[shipping_pb2.Shipment]:
    """As staff sees them."""
    answer = await served.channel.unary(
        "/banyan.shipping.v1.ShippingService/ListShipments",
        pb.ListShipmentsRequest(order_id=order_id),
        pb.ListShipmentsResponse,
        metadata=STAFF,
    )
    return list(answer.shipments)


async def one_in(served: Running, order_id: str, state: int) -> shipping_pb2.Shipment | None:
    """The order's one shipment, once it is in `state`."""
    found = await shipments_of(served, order_id)
    assert len(found) <= 1
    return next((shipment for shipment in found if shipment.state == state), None)


async def test_confirmed_order_is_delivered_and_told_step_by_step(
    broker: Broker, served_fast: Running
) -> None:
    order = an_order()
    for _ in range(3):
        await broker.tell("order.confirmed", order_events_pb2.OrderConfirmed(order=order), order.order_id)
    delivered = await eventually(
        lambda: one_in(served_fast, order.order_id, shipping_pb2.SHIPMENT_STATE_DELIVERED), deadline_s=20
    )
    assert delivered is not None
    assert (delivered.weight_grams, delivered.destination, delivered.user_id) == (800, ADDRESS, "user-1")
    subjects = list(EVENTS)
    assert await eventually(lambda: _subjects(broker, subjects))
    assert {shipment.shipment_id for _, shipment in await broker.told()} == {delivered.shipment_id}


async def _subjects(broker: Broker, expected: list[str]) -> bool:
    return [subject for subject, _ in await broker.told()] == expected


async def test_cancelled_order_is_voided_with_the_carrier(
    broker: Broker, served: Running, carrier_url: str
) -> None:
    order = an_order()
    await broker.tell("order.confirmed", order_events_pb2.OrderConfirmed(order=order), order.order_id)
    labelled = shipping_pb2.SHIPMENT_STATE_LABELLED
    assert await eventually(lambda: one_in(served, order.order_id, labelled), deadline_s=20)
    await broker.tell("order.cancelled", order_events_pb2.OrderCancelled(order=order), order.order_id)
    voided = shipping_pb2.SHIPMENT_STATE_VOIDED
    assert await eventually(lambda: one_in(served, order.order_id, voided), deadline_s=20)
    async with httpx2.AsyncClient(base_url=carrier_url) as client:
        books = (await client.get("/v1/ledger")).json()
    assert books["totals"] == {"labels": 1, "voided": 1}


async def test_order_cancelled_first_is_never_shipped(broker: Broker, served: Running) -> None:
    cancelled, other = an_order(), an_order()
    await broker.tell("order.cancelled", order_events_pb2.OrderCancelled(order=cancelled), cancelled.order_id)
    for order in (cancelled, other):
        await broker.tell("order.confirmed", order_events_pb2.OrderConfirmed(order=order), order.order_id)
    assert await eventually(lambda: shipments_of(served, other.order_id), deadline_s=20)
    assert await shipments_of(served, cancelled.order_id) == []


async def test_labels_are_bought_when_the_carrier_comes_back(
    broker: Broker, served: Running, carrier_url: str
) -> None:
    async with httpx2.AsyncClient(base_url=carrier_url) as client:
        await client.post("/_control", json={"down": True})
        order = an_order()
        await broker.tell("order.confirmed", order_events_pb2.OrderConfirmed(order=order), order.order_id)
        pending = shipping_pb2.SHIPMENT_STATE_PENDING
        assert await eventually(lambda: one_in(served, order.order_id, pending), deadline_s=20)
        assert await eventually(lambda: _age_shown(served), deadline_s=20)
        await client.post("/_control", json={})
        labelled = shipping_pb2.SHIPMENT_STATE_LABELLED
        assert await eventually(lambda: one_in(served, order.order_id, labelled), deadline_s=30)
        assert (await client.get("/v1/ledger")).json()["totals"]["labels"] == 1


async def _age_shown(served: Running) -> bool:
    async with httpx2.AsyncClient(base_url=f"http://{served.server.addresses['admin']}") as client:
        lines = (await client.get("/metrics")).text.splitlines()
    [age] = [line.split()[1] for line in lines if line.startswith("shipping_oldest_unlabelled_age_seconds ")]
    return float(age) > 0
