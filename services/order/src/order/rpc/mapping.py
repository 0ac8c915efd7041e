"""Between `banyan.order.v1` and the use cases; pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from google.protobuf.message import Message

from banyan.common.v1.postal_address_pb2 import PostalAddress
from banyan.order.v1 import order_pb2 as messages
from banyan.order.v1 import order_service_pb2 as calls
from meshkit import paging
from meshkit.context import CallContext, Identity
from order.app.cancel_order import CancelCommand
from order.app.get_order import Viewer
from order.app.place_order import PlaceCommand
from order.app.ports import PageKey, RequestKey
from order.contract import line_message, money_message, time_message
from order.domain.customer import Customer
from order.domain.order import Address, Item, Speed
from order.domain.pricing import Quote
from order.domain.workflow import Entry

_PAGE_KINDS = (str, str)


def viewer(identity: Identity) -> Viewer:
    """Who asks."""
    return Viewer(identity.user_id or "", identity.is_staff)


def items(given: Iterable[calls.OrderItem]) -> tuple[Item, ...]:
    """The items of a request."""
    return tuple(Item(item.product_id, item.quantity) for item in given)


def speed(given: messages.ShippingSpeed) -> Speed:
    """STANDARD unless EXPRESS was asked for."""
    return Speed.EXPRESS if given == messages.SHIPPING_SPEED_EXPRESS else Speed.STANDARD


def place_command(request: calls.PlaceOrderRequest, context: CallContext) -> PlaceCommand:
    """The request to buy, in the caller's name."""
    return PlaceCommand(
        user_id=context.identity.user_id or "",
        items=items(request.items),
        address=address(request.shipping_address),
        speed=speed(request.shipping_speed),
        payment_token=request.payment_token,
        key=request_key(request, request.request_id, context),
    )


def cancel_command(request: calls.CancelOrderRequest, context: CallContext) -> CancelCommand:
    """The request to cancel, in the caller's name."""
    key = request_key(request, request.request_id, context) if request.request_id else None
    return CancelCommand(viewer(context.identity), request.order_id, key)


def request_key(request: Message, request_id: str, context: CallContext) -> RequestKey:
    """What makes a repeat of this request recognisable."""
    body = request.SerializeToString(deterministic=True)
    return RequestKey(context.identity.caller, context.method, request_id, hashlib.sha256(body).digest())


def address(given: PostalAddress) -> Address:
    """Where the parcel goes."""
    return Address(
        recipient_name=given.recipient_name,
        address_lines=tuple(given.address_lines),
        city=given.city,
        postal_code=given.postal_code,
        country_code=given.country_code,
        administrative_area=given.administrative_area,
    )


def page_key(owner: Viewer, token: str) -> PageKey | None:
    """Where the page begins; invalid_argument for a token that is not one of this viewer's."""
    key = paging.decode(_query(owner), token, _PAGE_KINDS)
    if key is None:
        return None
    return PageKey(datetime.fromisoformat(str(key[0])).astimezone(UTC), str(key[1]))


def page_token(owner: Viewer, key: PageKey | None) -> str:
    """The token of the next page, empty on the last."""
    return paging.encode(_query(owner), (key.created_at.isoformat(), key.order_id)) if key else ""


def quote_response(quote: Quote) -> calls.QuoteOrderResponse:
    """Lines and sums."""
    return calls.QuoteOrderResponse(
        lines=[line_message(line) for line in quote.lines],
        subtotal=money_message(quote.subtotal),
        shipping_price=money_message(quote.shipping_price),
        total=money_message(quote.total),
    )


def entry_message(entry: Entry) -> messages.TimelineEntry:
    """One line of the timeline."""
    return messages.TimelineEntry(
        step=entry.step,
        outcome=entry.note,
        reason=entry.reason,
        attempt=entry.attempt,
        time=time_message(entry.time),
    )


def customer_message(customer: Customer) -> messages.Customer:
    """The customer with the newest purchases."""
    return messages.Customer(
        customer_id=customer.user_id,
        credit_limit=money_message(customer.credit_limit),
        open_amount=money_message(customer.open_amount),
        order_count=customer.order_count,
        lifetime_value=money_message(customer.lifetime_value),
        loyalty_points=customer.loyalty_points,
        last_order_time=time_message(customer.last_order_at) if customer.last_order_at else None,
        recent_purchases=[
            messages.Purchase(
                order_id=bought.order_id, total=money_message(bought.total), time=time_message(bought.time)
            )
            for bought in customer.purchases
        ],
    )


def _query(owner: Viewer) -> tuple[str, str]:
    return ("orders", "*" if owner.is_staff else owner.user_id)
