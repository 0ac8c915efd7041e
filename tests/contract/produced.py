"""One purchase, told by the Python producers' own code: what their recorded examples are compared with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.message import Message

import product.domain.product as catalogue
import shipping.domain.shipment as parcels
from inventory.adapters.events import outgoing as inventory_outgoing
from inventory.domain.events import StockChanged
from inventory.domain.stock import Cause, Stock
from meshkit.outbox import NewEvent
from order.contract import event_message
from order.domain.money import Money
from order.domain.order import Address, Order, OrderLine, Speed
from order.domain.states import OrderState
from order.domain.workflow import EventKind
from product.adapters.events import outgoing as product_outgoing
from product.domain.events import ProductChanged, ProductDeleted
from shipping.adapters.events import outgoing as shipping_outgoing
from user.adapters.events import outgoing as user_outgoing
from user.domain.events import SessionRevoked, UserRegistered, UserUpdated
from user.domain.user import Role, User

BEGIN: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
USER: Final = "01958f5e-6a00-7000-8000-000000000001"
SESSION: Final = "01958f5e-6a00-7000-8000-000000000002"
CATEGORY: Final = "01958f5e-6a00-7000-8000-000000000003"
LAMP: Final = "01958f5e-6a00-7000-8000-000000000004"
ORDER: Final = "01958f5e-6a00-7000-8000-000000000005"
PAYMENT: Final = "01958f5e-6a00-7000-8000-000000000006"
SHIPMENT: Final = "01958f5e-6a00-7000-8000-000000000007"
ADDRESS: Final = ("Erika Mustermann", ("Heidestrasse 17", "2nd floor"), "Berlin", "10557", "DE", "BE")


def at(minutes: float) -> datetime:
    """A moment of the story."""
    return BEGIN + timedelta(minutes=minutes)


def by_python() -> dict[str, Message]:
    """The message of every subject that a Python service publishes."""
    made = [*_user(), *_product(), *_inventory(), *_shipping()]
    return {event.subject: event.message for event in made} | _order()


def _user() -> list[NewEvent]:
    person = User(
        user_id=USER,
        email="erika@example.com",
        display_name="Erika",
        roles=frozenset({Role.CUSTOMER}),
        created_at=at(0),
        updated_at=at(0),
        locale="de",
    )
    return [
        user_outgoing(UserRegistered(person)),
        user_outgoing(UserUpdated(person.changed({"display_name": "Erika M."}, at(1)))),
        user_outgoing(SessionRevoked(USER, SESSION, at(16))),
    ]


def _product() -> list[NewEvent]:
    lamp = catalogue.Product(
        product_id=LAMP,
        name="Desk lamp",
        description="Warm light, small foot.",
        category_id=CATEGORY,
        price=catalogue.Money(1299, "EUR"),
        weight_grams=400,
        created_at=at(-60),
        updated_at=at(-30),
        attributes={"colour": "black"},
        revision=2,
    )
    return [product_outgoing(ProductChanged(lamp)), product_outgoing(ProductDeleted(LAMP, at(600)))]


def _inventory() -> list[NewEvent]:
    stock = Stock(
        product_id=LAMP,
        updated_at=at(2),
        received=30,
        on_hand=20,
        reserved=2,
        sold=9,
        restocked=1,
        safety_stock=5,
    )
    return [inventory_outgoing(StockChanged(stock, 2, Cause.RESERVED, ORDER))]


def _order() -> dict[str, Message]:
    placed = Order(
        order_id=ORDER,
        user_id=USER,
        state=OrderState.PENDING,
        lines=(OrderLine(LAMP, "Desk lamp", 2, Money(1299, "EUR"), 400),),
        shipping_price=Money(490, "EUR"),
        refunded=Money(0, "EUR"),
        address=Address(*ADDRESS),
        speed=Speed.EXPRESS,
        created_at=at(2),
        updated_at=at(2),
    )
    confirmed = placed.charged(PAYMENT, at(3)).confirmed(at(3))
    shipped = confirmed.shipped_as(SHIPMENT, at(4))
    returned = shipped.cancelling(at(5)).refunded_to(shipped.total, at(6)).cancelled(at(6))
    return {
        str(kind): event_message(kind, order)
        for kind, order in {
            EventKind.PLACED: placed,
            EventKind.CONFIRMED: confirmed,
            EventKind.REJECTED: placed.rejected("PAYMENT_DECLINED", at(3)),
            EventKind.CANCELLED: returned,
            EventKind.FULFILLED: shipped.fulfilled(at(90)),
        }.items()
    }


def _shipping() -> list[NewEvent]:
    created = parcels.Shipment(
        id=SHIPMENT,
        order_id=ORDER,
        user_id=USER,
        speed=parcels.Speed.EXPRESS,
        weight_grams=800,
        destination=parcels.Address(
            recipient_name=ADDRESS[0],
            address_lines=ADDRESS[1],
            city=ADDRESS[2],
            postal_code=ADDRESS[3],
            country_code=ADDRESS[4],
            administrative_area=ADDRESS[5],
        ),
        created_at=at(4),
        updated_at=at(4),
        due_at=at(4),
    )
    label, pick_up = parcels.TrackingEvent("label_created", at(5)), parcels.TrackingEvent("picked_up", at(30))
    labelled = replace(created, tracking_number="BN0000000001", state=parcels.State.LABELLED)
    dispatched = replace(
        labelled, state=parcels.State.DISPATCHED, tracking_events=(label, pick_up), updated_at=at(30)
    )
    delivered = replace(
        dispatched,
        state=parcels.State.DELIVERED,
        tracking_events=(label, pick_up, parcels.TrackingEvent("delivered", at(90))),
        updated_at=at(90),
    )
    return [
        shipping_outgoing(parcels.Milestone.CREATED, created),
        shipping_outgoing(parcels.Milestone.DISPATCHED, dispatched),
        shipping_outgoing(parcels.Milestone.DELIVERED, delivered),
    ]
