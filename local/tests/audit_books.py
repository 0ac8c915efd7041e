"""A small healthy set of cases for the audit's tests: one order of each end, a product, a customer, a parcel and so on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from local.audit.cases import (
    Case,
    Charge,
    ChargeRefund,
    ConsumerCase,
    CustomerCase,
    Entry,
    EventCase,
    KeyCase,
    Label,
    LetterCase,
    Levels,
    MessageCase,
    Order,
    OrderCase,
    ParcelCase,
    Payment,
    Refund,
    Reservation,
    Shipment,
    StockCase,
    Told,
    Totals,
    Workflow,
)
from local.audit.rules import Rules

C = TypeVar("C")
NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
THEN: Final = NOW - timedelta(hours=2)
RULES: Final = Rules(now=NOW, cutoff=NOW, quiet=True)
ITEMS: Final = "p1:2,p2:1"
FORWARD: Final = ("reserve", "charge", "commit", "confirm")


def entries(text: str) -> tuple[Entry, ...]:
    """`step/outcome/state` separated by spaces."""
    return tuple(Entry(*each.split("/")) for each in text.split())


def order(**changes: Any) -> Order:
    """A confirmed order of 3 units, 25.00 and 3.99 for shipping."""
    made = Order(
        user_id="u1",
        state="CONFIRMED",
        currency="EUR",
        items=ITEMS,
        lines_minor=2500,
        subtotal_minor=2500,
        shipping_minor=399,
        total_minor=2899,
        refunded_minor=0,
        payment_id="pay1",
        shipment_id="ship1",
        rejection_reason="",
        was_confirmed=True,
        placed_at=THEN,
        changed_at=THEN,
    )
    return replace(made, **changes)


CONFIRMED_LINES: Final = (
    "place/succeeded/PENDING reserve/started/PENDING reserve/succeeded/PENDING charge/started/PENDING "
    "charge/succeeded/PENDING commit/started/PENDING commit/succeeded/CONFIRMED confirm/succeeded/CONFIRMED"
)
DONE: Final = Workflow(status="done", step="confirm", parked_reason="", step_started_at=THEN)
PAYMENT: Final = Payment(
    payment_id="pay1",
    state="SUCCEEDED",
    currency="EUR",
    amount_minor=2899,
    refunded_minor=0,
    charge_id="ch1",
    created_at=THEN,
    changed_at=THEN,
)
REFUND: Final = Refund(refund_id="ref1", state="SUCCEEDED", amount_minor=2899, created_at=THEN)
CHARGE: Final = Charge(
    charge_id="ch1", key="pay1", status="succeeded", currency="EUR", amount_minor=2899, at=THEN
)
HELD: Final = Reservation(state="held", items=ITEMS, expires_at=NOW + timedelta(minutes=5), changed_at=THEN)
SHIPMENT: Final = Shipment(
    shipment_id="ship1",
    state="dispatched",
    number="BN1",
    void_requested=False,
    created_at=THEN,
    changed_at=THEN,
)
MAIL: Final = Told(template="order_confirmed", channel="EMAIL", state="SENT", changed_at=THEN)

CONFIRMED: Final = OrderCase(
    id="confirmed",
    order=order(),
    workflow=DONE,
    timeline=entries(CONFIRMED_LINES),
    events=("order.placed", "order.confirmed"),
    reservations=(replace(HELD, state="committed"),),
    payments=(PAYMENT,),
    charges=(CHARGE,),
    shipments=(SHIPMENT,),
    told=(MAIL,),
)
FULFILLED: Final = replace(
    CONFIRMED,
    id="fulfilled",
    order=order(state="FULFILLED"),
    events=("order.placed", "order.confirmed", "order.fulfilled"),
    shipments=(replace(SHIPMENT, state="delivered"),),
)
CANCELLED: Final = replace(
    CONFIRMED,
    id="cancelled",
    order=order(state="CANCELLED", refunded_minor=2899),
    timeline=entries(
        CONFIRMED_LINES
        + " cancel/started/CONFIRMED void/started/CONFIRMED void/succeeded/CANCELLING refund/started/CANCELLING "
        "refund/succeeded/CANCELLING charge/compensated/CANCELLING release/started/CANCELLING "
        "release/succeeded/CANCELLED reserve/compensated/CANCELLED cancel/succeeded/CANCELLED"
    ),
    events=("order.placed", "order.confirmed", "order.cancelled"),
    reservations=(replace(HELD, state="restocked"),),
    payments=(replace(PAYMENT, refunded_minor=2899, refunds=(REFUND,)),),
    charges=(replace(CHARGE, refunds=(ChargeRefund(key="ref1", amount_minor=2899, at=THEN),)),),
    shipments=(replace(SHIPMENT, state="voided"),),
)
REJECTED: Final = OrderCase(
    id="rejected",
    order=order(
        state="REJECTED",
        rejection_reason="PAYMENT_DECLINED",
        payment_id="",
        shipment_id="",
        was_confirmed=False,
    ),
    workflow=replace(DONE, step="reject"),
    timeline=entries(
        "place/succeeded/PENDING reserve/started/PENDING reserve/succeeded/PENDING charge/started/PENDING "
        "charge/failed/PENDING release/started/PENDING release/succeeded/REJECTED reserve/compensated/REJECTED "
        "reject/succeeded/REJECTED"
    ),
    events=("order.placed", "order.rejected"),
    reservations=(replace(HELD, state="released"),),
    payments=(replace(PAYMENT, state="DECLINED"),),
    charges=(replace(CHARGE, status="declined"),),
)
PENDING: Final = OrderCase(
    id="pending",
    order=order(state="PENDING", payment_id="", shipment_id="", was_confirmed=False),
    workflow=Workflow(status="active", step="charge", parked_reason="", step_started_at=NOW),
    timeline=entries("place/succeeded/PENDING reserve/started/PENDING"),
    events=("order.placed",),
    reservations=(HELD,),
)
STOCK: Final = StockCase(
    id="p1",
    levels=Levels(received=100, on_hand=95, reserved=2, sold=6, restocked=3),
    moved={
        "received": 90,
        "adjusted": 10,
        "reserved": 12,
        "committed": 6,
        "released": 3,
        "expired": 1,
        "restocked": 3,
    },
    held_units=2,
    sold_units=6,
    restocked_units=3,
    ordered_units=3,
    changed_at=THEN,
)
FIGURES: Final = Totals(open_amount=0, order_count=2, lifetime_value=5798, loyalty_points=56)
CUSTOMER: Final = CustomerCase(id="u1", kept=FIGURES, summed=FIGURES)
PARCEL: Final = ParcelCase(
    id="ship1", shipment=SHIPMENT, labels=(Label(number="BN1", status="delivered", at=THEN),)
)
VOIDED: Final = ParcelCase(
    id="ship2",
    shipment=replace(SHIPMENT, shipment_id="ship2", state="voided", number="BN2"),
    labels=(Label(number="BN2", status="voided", at=THEN),),
)
MESSAGE: Final = MessageCase(
    id="d1", channel="EMAIL", state="SENT", taken=1, created_at=THEN, changed_at=THEN
)
SMS: Final = replace(MESSAGE, id="d2", channel="SMS")
MUTED: Final = replace(SMS, id="d3", state="SUPPRESSED", taken=0)
KEY: Final = KeyCase(id="PlaceOrder k1 of u1", service="order", points_to="confirmed", exists=True)
EVENT: Final = EventCase(
    id="e1",
    producer="order",
    subject="order.confirmed",
    in_outbox=True,
    created_at=THEN,
    published_at=THEN,
    sequences=(7,),
    effects=frozenset({"shipping-order", "notification-order"}),
    passed=frozenset({"shipping-order", "notification-order"}),
)
CONSUMER: Final = ConsumerCase(id="shipping-order")
LETTER: Final = LetterCase(
    id="3",
    event_id="e9",
    consumer="shipping-order",
    subject="order.confirmed",
    reason="no room",
    had_effect=True,
)

HEALTHY: Final[tuple[Case, ...]] = (
    CONFIRMED,
    FULFILLED,
    CANCELLED,
    REJECTED,
    PENDING,
    STOCK,
    CUSTOMER,
    PARCEL,
    VOIDED,
    MESSAGE,
    SMS,
    MUTED,
    KEY,
    EVENT,
    CONSUMER,
    LETTER,
)
