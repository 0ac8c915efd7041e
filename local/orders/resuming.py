"""Lets a parked workflow go on, once an operator has removed what parked it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from local.errors import LocalError

if TYPE_CHECKING:
    from local.stores.service_database import Connection

# Word for word what the runbook does by hand. A new lease refuses late writers; a lease that is held is left alone.
RESUME: Final = """
    UPDATE workflows
       SET status = 'active', lease = lease + 1, lease_owner = NULL, claimable_at = now(), step_started_at = now()
     WHERE order_id = $1 AND status = 'parked' AND (lease_owner IS NULL OR claimable_at <= now())
"""
_NOW: Final = "SELECT status, step, parked_reason FROM workflows WHERE order_id = $1"


def order_key(text: str) -> uuid.UUID:
    """The id as the database knows it; LocalError when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise LocalError(f"{text!r} is no order id: see `./banyan orders stuck`") from None


async def parked(orders: Connection, order_id: uuid.UUID) -> tuple[str, str]:
    """Step and reason of a parked workflow; LocalError when there is none of that id or it is not parked."""
    row = await orders.fetchrow(_NOW, order_id)
    if row is None:
        raise LocalError(f"there is no order {order_id}")
    if row["status"] == "done":
        raise LocalError(f"the workflow of {order_id} is done: there is nothing to resume")
    if row["status"] != "parked":
        raise LocalError(f"the workflow of {order_id} is not parked: it goes on by itself, at {row['step']}")
    return row["step"], row["parked_reason"]


async def resume(orders: Connection, order_id: uuid.UUID) -> None:
    """Makes it due now, with the whole of its step's time before it; any replica takes it up.

    Raises LocalError when it is not parked (any more), or when somebody holds its lease.
    """
    if await orders.execute(RESUME, order_id) == "UPDATE 1":
        return
    await parked(orders, order_id)
    raise LocalError(f"somebody holds the lease of {order_id}: try again when it has run out")
