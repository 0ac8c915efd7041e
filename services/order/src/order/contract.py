"""An order in the words of `banyan.order.v1`: for the answers of calls and for the events."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from banyan.common.v1.money_pb2 import Money as MoneyMessage
from banyan.common.v1.postal_address_pb2 import PostalAddress
from banyan.order.v1 import order_events_pb2 as events
from banyan.order.v1 import order_pb2 as messages
from order.domain.money import Money
from order.domain.order import Address, Order, OrderLine
from order.domain.workflow import EventKind

_EVENTS = {
    EventKind.PLACED: events.OrderPlaced,
    EventKind.CONFIRMED: events.OrderConfirmed,
    EventKind.REJECTED: events.OrderRejected,
    EventKind.CANCELLED: events.OrderCancelled,
    EventKind.FULFILLED: events.OrderFulfilled,
}


def event_message(kind: EventKind, order: Order) -> Message:
    """The event of `kind` about the order as it is now."""
    return _EVENTS[kind](order=order_message(order))


def order_message(order: Order) -> messages.Order:
    """The whole order."""
    return messages.Order(
        order_id=order.order_id,
        user_id=order.user_id,
        state=f"ORDER_STATE_{order.state}",
        lines=[line_message(line) for line in order.lines],
        subtotal=money_message(order.subtotal),
        shipping_price=money_message(order.shipping_price),
        total=money_message(order.total),
        refunded=money_message(order.refunded),
        shipping_address=address_message(order.address),
        shipping_speed=f"SHIPPING_SPEED_{order.speed}",
        payment_id=order.payment_id,
        shipment_id=order.shipment_id,
        rejection_reason=order.rejection_reason,
        create_time=time_message(order.created_at),
        update_time=time_message(order.updated_at),
    )


def line_message(line: OrderLine) -> messages.OrderLine:
    """One line with its total."""
    return messages.OrderLine(
        product_id=line.product_id,
        name=line.name,
        quantity=line.quantity,
        unit_price=money_message(line.unit_price),
        line_total=money_message(line.total),
        unit_weight_grams=line.unit_weight_grams,
    )


def money_message(money: Money) -> MoneyMessage:
    """Minor units and currency, as they are."""
    return MoneyMessage(minor_units=money.minor, currency_code=money.currency)


def time_message(time: datetime) -> Timestamp:
    """A moment, to the microsecond."""
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def address_message(address: Address) -> PostalAddress:
    """Personal data: for the owner and for those who deliver."""
    return PostalAddress(
        recipient_name=address.recipient_name,
        address_lines=address.address_lines,
        city=address.city,
        postal_code=address.postal_code,
        country_code=address.country_code,
        administrative_area=address.administrative_area,
    )
