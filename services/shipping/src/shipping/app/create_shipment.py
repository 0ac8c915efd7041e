"""A confirmed order becomes exactly one shipment, unless it was stopped before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shipping.app.ports import Transaction
from shipping.domain.shipment import Address, Milestone, Shipment, Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedOrder:
    """What shipping needs to know of an order; no speed means that the recipient's preference counts."""

    order_id: str
    user_id: str
    speed: Speed | None
    weight_grams: int
    destination: Address


async def create_shipment(
    tx: Transaction, order: ConfirmedOrder, *, shipment_id: str, now: datetime
) -> Shipment | None:
    """The order's shipment, made now or before; None when the order was stopped."""
    await tx.lock_order(order.order_id)
    shipment = Shipment(
        id=shipment_id,
        order_id=order.order_id,
        user_id=order.user_id,
        speed=order.speed or await _preferred_speed(tx, order.user_id),
        weight_grams=max(order.weight_grams, 1),  # a parcel of weightless things still is a parcel
        destination=order.destination,
        created_at=now,
        updated_at=now,
        due_at=now,
    )
    if not await tx.add(shipment):
        return await tx.of_order(order.order_id)
    await tx.publish((Milestone.CREATED, shipment))
    return shipment


async def _preferred_speed(tx: Transaction, user_id: str) -> Speed:
    recipient = await tx.recipient(user_id)
    return (recipient.preferences.speed if recipient else None) or Speed.STANDARD
