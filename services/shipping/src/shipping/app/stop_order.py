"""An order was cancelled: its shipment is stopped as far as that is still possible, or never made."""

from __future__ import annotations

from datetime import datetime

from shipping.app.ports import Transaction
from shipping.domain.shipment import Shipment, State


async def stop_order(tx: Transaction, order_id: str, now: datetime) -> Shipment | None:
    """The shipment as it stands afterwards, None when there never was one.

    What the carrier does not know is voided here; what it knows is marked for `FinishVoids`.
    """
    await tx.lock_order(order_id)
    shipment = await tx.of_order(order_id)
    if shipment is None:
        await tx.stop_order(order_id, now)
        return None
    if shipment.has_left or shipment.state == State.VOIDED:
        return shipment
    stopped = shipment.to_be_voided(now) if shipment.known_to_carrier else shipment.voided(now)
    await tx.save(stopped)
    return stopped
