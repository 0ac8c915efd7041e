"""Proto ↔ domain; pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from banyan.common.v1.money_pb2 import Money
from banyan.common.v1.postal_address_pb2 import PostalAddress
from banyan.order.v1 import order_pb2
from banyan.shipping.v1 import shipping_pb2 as pb
from banyan.shipping.v1 import shipping_service_pb2 as rpc
from shipping.app.create_shipment import ConfirmedOrder
from shipping.domain import rates
from shipping.domain.recipient import Preferences, Recipient
from shipping.domain.shipment import Address, Shipment, Speed, State

_STATES: Final = {
    State.PENDING: pb.SHIPMENT_STATE_PENDING,
    State.LABELLED: pb.SHIPMENT_STATE_LABELLED,
    State.DISPATCHED: pb.SHIPMENT_STATE_DISPATCHED,
    State.DELIVERED: pb.SHIPMENT_STATE_DELIVERED,
    State.VOIDED: pb.SHIPMENT_STATE_VOIDED,
}
_SPEEDS: Final = {Speed.STANDARD: pb.SPEED_STANDARD, Speed.EXPRESS: pb.SPEED_EXPRESS}
_SPEED_OF: Final = {value: speed for speed, value in _SPEEDS.items()}
_ORDER_SPEEDS: Final = {
    order_pb2.SHIPPING_SPEED_STANDARD: Speed.STANDARD,
    order_pb2.SHIPPING_SPEED_EXPRESS: Speed.EXPRESS,
}


def shipment_message(shipment: Shipment) -> pb.Shipment:
    """As the contract shows it."""
    return pb.Shipment(
        shipment_id=shipment.id,
        order_id=shipment.order_id,
        user_id=shipment.user_id,
        state=_STATES[shipment.state],
        speed=_SPEEDS[shipment.speed],
        weight_grams=shipment.weight_grams,
        destination=_address_message(shipment.destination),
        tracking_number=shipment.tracking_number or "",
        tracking_events=[
            pb.TrackingEvent(status=event.status, time=_stamp(event.time))
            for event in shipment.tracking_events
        ],
        create_time=_stamp(shipment.created_at),
        update_time=_stamp(shipment.updated_at),
    )


def option_message(option: rates.Option) -> rpc.ShippingOption:
    """As the contract shows it."""
    return rpc.ShippingOption(
        speed=_SPEEDS[option.speed],
        price=Money(minor_units=option.price_cents, currency_code=rates.CURRENCY),
        min_days=option.min_days,
        max_days=option.max_days,
    )


def recipient_message(recipient: Recipient) -> pb.Recipient:
    """As the contract shows it."""
    wishes = recipient.preferences
    return pb.Recipient(
        customer_id=recipient.customer_id,
        addresses=[_address_message(address) for address in recipient.addresses],
        preferences=pb.DeliveryPreferences(
            speed=_SPEEDS[wishes.speed] if wishes.speed else pb.SPEED_UNSPECIFIED,
            leave_at_door=wishes.leave_at_door,
            instructions=wishes.instructions,
        ),
        update_time=_stamp(recipient.updated_at) if recipient.updated_at else None,
    )


def recipient_of(customer_id: str, message: pb.Recipient) -> Recipient:
    """The caller's new recipient; whose it is says the identity, not the message."""
    return Recipient(
        customer_id=customer_id,
        addresses=tuple(_address_of(address) for address in message.addresses),
        preferences=Preferences(
            speed=_SPEED_OF.get(message.preferences.speed),
            leave_at_door=message.preferences.leave_at_door,
            instructions=message.preferences.instructions,
        ),
    )


def confirmed_order(order: order_pb2.Order) -> ConfirmedOrder:
    """What shipping needs of an order."""
    return ConfirmedOrder(
        order_id=order.order_id,
        user_id=order.user_id,
        speed=_ORDER_SPEEDS.get(order.shipping_speed),
        weight_grams=sum(line.quantity * line.unit_weight_grams for line in order.lines),
        destination=_address_of(order.shipping_address),
    )


def _address_of(message: PostalAddress) -> Address:
    return Address(
        recipient_name=message.recipient_name,
        address_lines=tuple(message.address_lines),
        city=message.city,
        postal_code=message.postal_code,
        country_code=message.country_code,
        administrative_area=message.administrative_area,
    )


def _address_message(address: Address) -> PostalAddress:
    return PostalAddress(
        recipient_name=address.recipient_name,
        address_lines=address.address_lines,
        city=address.city,
        postal_code=address.postal_code,
        country_code=address.country_code,
        administrative_area=address.administrative_area,
    )


def _stamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time.astimezone(UTC))
    return stamp
