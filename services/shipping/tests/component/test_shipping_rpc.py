"""The served service over the wire: who sees what, which codes come back, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from google.protobuf.message import Message

from banyan.common.v1.postal_address_pb2 import PostalAddress
from banyan.shipping.v1 import shipping_pb2
from banyan.shipping.v1 import shipping_service_pb2 as pb
from meshkit.clock import uuid7
from meshkit.errors import RemoteError
from meshkit.testing import Running, running
from shipping.adapters.memory import MemoryStore
from shipping.bootstrap import build

from ..builders import FakeCarrier, a_labelled_shipment, a_shipment
from ..conftest import settings_for

R = TypeVar("R", bound=Message)
Who = Sequence[tuple[str, str]]
ANN: Who = [("banyan-user", "user-1"), ("banyan-roles", "customer")]
BOB: Who = [("banyan-user", "user-2"), ("banyan-roles", "customer")]
STAFF: Who = [("banyan-user", "user-3"), ("banyan-roles", "customer,staff")]


async def call(served: Running, rpc: str, request: Message, kind: type[R], who: Who = ANN) -> R:
    """One RPC."""
    path = f"/banyan.shipping.v1.ShippingService/{rpc}"
    return await served.channel.unary(path, request, kind, metadata=who)


def in_memory(store: MemoryStore) -> Any:
    """The service on a store in memory and a carrier that does nothing by itself."""
    carrier = FakeCarrier()
    carrier.refuses = True
    return running(build(settings_for("postgres://none", "http://none", ""), store=store, carrier=carrier))


async def refused(served: Running, rpc: str, request: Message, who: Who = ANN) -> RemoteError:
    """The error of a call that must fail."""
    with pytest.raises(RemoteError) as caught:
        await call(served, rpc, request, pb.GetShipmentResponse, who)
    return caught.value


async def test_quotes_are_public_and_refused_with_a_reason() -> None:
    async with in_memory(MemoryStore()) as served:
        quote = pb.QuoteShippingRequest(weight_grams=1200, country_code="FR")
        answer = await call(served, "QuoteShipping", quote, pb.QuoteShippingResponse, [])
        assert [(o.speed, o.price.minor_units, o.price.currency_code) for o in answer.options] == [
            (shipping_pb2.SPEED_STANDARD, 919, "EUR"),
            (shipping_pb2.SPEED_EXPRESS, 2079, "EUR"),
        ]
        for weight, country, kind, reason in (
            (1, "AQ", "failed_precondition", "DESTINATION_NOT_SERVED"),
            (300_000, "DE", "failed_precondition", "PARCEL_TOO_HEAVY"),
            (0, "DE", "invalid_argument", "INVALID_ARGUMENT"),
            (1, "de", "invalid_argument", "INVALID_ARGUMENT"),
        ):
            request = pb.QuoteShippingRequest(weight_grams=weight, country_code=country)
            error = await refused(served, "QuoteShipping", request)
            assert (error.kind, error.reason) == (kind, reason)


async def test_shipments_are_seen_by_their_owner_and_staff_only() -> None:
    store, mine = MemoryStore(), a_labelled_shipment()
    async with store.transaction() as tx:
        await tx.add(mine)
    async with in_memory(store) as served:
        one = pb.GetShipmentRequest(shipment_id=mine.id)
        for who in (ANN, STAFF):
            got = await call(served, "GetShipment", one, pb.GetShipmentResponse, who)
            assert (got.shipment.order_id, got.shipment.tracking_number) == (mine.order_id, "BN1")
            assert [event.status for event in got.shipment.tracking_events] == ["label_created"]
        assert (await refused(served, "GetShipment", one, BOB)).reason == "SHIPMENT_NOT_FOUND"
        assert (await refused(served, "GetShipment", one, [])).kind == "unauthenticated"
        for who, of_order, count in ((ANN, "", 1), (BOB, "", 0), (BOB, mine.order_id, 0), (STAFF, "", 0)):
            listing = pb.ListShipmentsRequest(order_id=of_order)
            got_list = await call(served, "ListShipments", listing, pb.ListShipmentsResponse, who)
            assert len(got_list.shipments) == count
        listing = pb.ListShipmentsRequest(order_id=mine.order_id)
        by_staff = await call(served, "ListShipments", listing, pb.ListShipmentsResponse, STAFF)
        assert [shipment.shipment_id for shipment in by_staff.shipments] == [mine.id]


async def test_list_pages_and_refuses_foreign_tokens() -> None:
    store, made = MemoryStore(), [a_shipment(user_id="user-1") for _ in range(5)]
    async with store.transaction() as tx:
        for shipment in made:
            await tx.add(shipment)
    async with in_memory(store) as served:
        seen: list[str] = []
        request = pb.ListShipmentsRequest(page_size=2)
        while True:
            answer = await call(served, "ListShipments", request, pb.ListShipmentsResponse)
            seen += [shipment.shipment_id for shipment in answer.shipments]
            if not answer.next_page_token:
                break
            request.page_token = answer.next_page_token
        assert seen == [shipment.id for shipment in reversed(made)]
        assert (await refused(served, "ListShipments", request, BOB)).kind == "invalid_argument"
        foreign = pb.ListShipmentsRequest(page_token="nonsense")
        assert (await refused(served, "ListShipments", foreign)).kind == "invalid_argument"


async def test_recipient_is_the_callers_and_kept_once_per_request(served: Running) -> None:
    empty = await call(served, "GetRecipient", pb.GetRecipientRequest(), pb.GetRecipientResponse)
    assert empty.recipient == shipping_pb2.Recipient(
        customer_id="user-1", preferences=shipping_pb2.DeliveryPreferences()
    )
    home = PostalAddress(
        recipient_name="Ann", address_lines=["Street 1"], city="Berlin", postal_code="1", country_code="DE"
    )
    wishes = shipping_pb2.DeliveryPreferences(speed=shipping_pb2.SPEED_EXPRESS, leave_at_door=True)
    wanted = shipping_pb2.Recipient(customer_id="user-2", addresses=[home], preferences=wishes)
    request = pb.UpdateRecipientRequest(recipient=wanted, request_id="key-1")
    first = await call(served, "UpdateRecipient", request, pb.UpdateRecipientResponse)
    assert first.recipient.customer_id == "user-1"
    assert await call(served, "UpdateRecipient", request, pb.UpdateRecipientResponse) == first
    got = await call(served, "GetRecipient", pb.GetRecipientRequest(), pb.GetRecipientResponse)
    assert got.recipient == first.recipient
    assert (got.recipient.addresses[0], got.recipient.preferences) == (home, wishes)
    others = await call(served, "GetRecipient", pb.GetRecipientRequest(), pb.GetRecipientResponse, BOB)
    assert not others.recipient.addresses
    request.recipient.ClearField("addresses")
    assert (await refused(served, "UpdateRecipient", request)).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_void_is_for_the_mesh_and_says_when_it_is_too_late() -> None:
    store, waiting = MemoryStore(), a_shipment()
    left, _ = a_labelled_shipment().tracked("picked_up", waiting.created_at, waiting.created_at)
    async with store.transaction() as tx:
        await tx.add(waiting)
        await tx.add(left)
    async with in_memory(store) as served:
        request = pb.VoidShipmentRequest(order_id=waiting.order_id)
        for _ in range(2):
            answer = await call(served, "VoidShipment", request, pb.VoidShipmentResponse, [])
            assert answer.shipment.state == shipping_pb2.SHIPMENT_STATE_VOIDED
        none = pb.VoidShipmentRequest(order_id=uuid7())
        assert not (await call(served, "VoidShipment", none, pb.VoidShipmentResponse, [])).HasField(
            "shipment"
        )
        too_late = pb.VoidShipmentRequest(order_id=left.order_id)
        error = await refused(served, "VoidShipment", too_late, [])
        assert (error.kind, error.reason) == ("failed_precondition", "SHIPMENT_DISPATCHED")
