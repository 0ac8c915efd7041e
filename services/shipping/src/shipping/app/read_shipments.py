"""Reading shipments: one's own, or as staff anyone's."""

from __future__ import annotations

from dataclasses import dataclass

from shipping.app.ports import PageQuery, Store
from shipping.domain.errors import ShipmentNotFound
from shipping.domain.shipment import Shipment


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is looking."""

    user_id: str
    is_staff: bool


async def get_shipment(store: Store, viewer: Viewer, shipment_id: str) -> Shipment:
    """One; raises ShipmentNotFound when there is none, or it is someone else's and the viewer not staff."""
    shipment = await store.get(shipment_id)
    if shipment is None or (shipment.user_id != viewer.user_id and not viewer.is_staff):
        raise ShipmentNotFound(shipment_id)
    return shipment


async def list_shipments(
    store: Store, viewer: Viewer, *, order_id: str | None, before: str | None, limit: int
) -> tuple[list[Shipment], bool]:
    """A page of the viewer's, newest first, and whether there are more; staff may name any order."""
    anyones = viewer.is_staff and order_id is not None
    owner = None if anyones else viewer.user_id
    rows = await store.page(PageQuery(user_id=owner, order_id=order_id, before=before, limit=limit + 1))
    return rows[:limit], len(rows) > limit
