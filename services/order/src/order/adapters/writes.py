"""Single writes that the transactions of this service are made of."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.outbox import add_event
from meshkit.postgres import Connection
from order.app.ports import Clock, RequestKey
from order.contract import event_message
from order.domain.customer import NOTHING, Share, share_of
from order.domain.errors import KeyReused
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.workflow import Entry, EventKind

_ORDER = """
UPDATE orders
   SET state = $3, payment_id = $4, shipment_id = $5, rejection_reason = $6, refunded = $7, updated_at = $8,
       confirmed_at = $9, revision = $10
 WHERE order_id = $1 AND revision = $2
RETURNING 1
"""
_CUSTOMER = """
UPDATE customers
   SET open_amount = open_amount + $2, order_count = order_count + $3, lifetime_value = lifetime_value + $4,
       loyalty_points = loyalty_points + $5
 WHERE user_id = $1
"""
_TIMELINE = """
INSERT INTO timeline (order_id, step, outcome, attempt, reason, time, state)
SELECT $1, step, outcome, attempt, reason, time, $2
  FROM unnest($3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[]) WITH ORDINALITY
       AS entry (step, outcome, attempt, reason, time, place)
 ORDER BY place
"""
_KEY = """
INSERT INTO idempotency (caller, method, request_id, request_hash, response) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING 1
"""
_KNOWN = (
    "SELECT request_hash, response FROM idempotency WHERE caller = $1 AND method = $2 AND request_id = $3"
)


async def write_order(connection: Connection, before: Order, after: Order) -> bool:
    """Writes a changed order and its customer's figures; False when it has changed since `before` was read."""
    written = await connection.fetchval(
        _ORDER,
        before.order_id,
        before.revision,
        after.state,
        after.payment_id,
        after.shipment_id,
        after.rejection_reason,
        after.refunded.minor,
        after.updated_at,
        after.confirmed_at,
        after.revision,
    )
    if written:
        await _write_share(connection, after.user_id, share_of(after) - share_of(before))
    return bool(written)


async def _write_share(connection: Connection, user_id: str, change: Share) -> None:
    if change != NOTHING:
        await connection.execute(
            _CUSTOMER,
            user_id,
            change.open_amount,
            change.order_count,
            change.lifetime_value,
            change.loyalty_points,
        )


def columns(entries: Sequence[Entry]) -> tuple[list[object], ...]:
    """Timeline entries as one array for each column: step, outcome, attempt, reason, time."""
    return (
        [entry.step for entry in entries],
        [entry.note for entry in entries],
        [entry.attempt for entry in entries],
        [entry.reason for entry in entries],
        [entry.time for entry in entries],
    )


async def write_entries(
    connection: Connection, order_id: str, state: OrderState, entries: Sequence[Entry]
) -> None:
    """Adds to the timeline; `state` is the order's after them."""
    if entries:
        await connection.execute(_TIMELINE, order_id, state, *columns(entries))


async def write_event(connection: Connection, kind: EventKind, order: Order, clock: Clock) -> None:
    """Puts an event about the order as it is now into the outbox."""
    await add_event(
        connection, event_message(kind, order), subject=kind, entity_id=order.order_id, clock=clock
    )


async def write_key(connection: Connection, key: RequestKey, order_id: str) -> str | None:
    """Remembers the request; None, or the order of an earlier one (waited for when it is being written now)."""
    added = await connection.fetchval(
        _KEY, key.caller, key.method, key.request_id, key.body_hash, order_id.encode()
    )
    return None if added else await read_key(connection, key)


async def read_key(connection: Connection, key: RequestKey) -> str | None:
    """The order of an earlier request of this key, if any; KeyReused when its body was another one."""
    row = await connection.fetchrow(_KNOWN, key.caller, key.method, key.request_id)
    if row is None:
        return None
    if bytes(row["request_hash"]) != key.body_hash:
        raise KeyReused
    return bytes(row["response"]).decode()
