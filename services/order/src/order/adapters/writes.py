"""Single writes that the transactions of this service are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from meshkit.outbox import NewEvent, event_values, insert_events
from meshkit.postgres import Connection
from order.app.ports import Clock, RequestKey
from order.contract import event_message
from order.domain.customer import share_of
from order.domain.errors import KeyReused
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.workflow import Entry, EventKind

_ORDER_VALUES: Final = 14


def order_clauses(first: int, only_with: str | None = None) -> str:
    """The writing of a changed order with its customer's figures and its event, as clauses of a WITH.

    They take the `order_values` as parameters from `$first` on. `written` has a row unless the order has changed since
    it was read, or the query `only_with` has none.
    """
    n = [f"${number}" for number in range(first, first + _ORDER_VALUES)]
    condition = f"AND EXISTS (SELECT FROM {only_with})" if only_with else ""
    return f"""
written AS (
    UPDATE orders
       SET state = {n[2]}, payment_id = {n[3]}, shipment_id = {n[4]}, rejection_reason = {n[5]}, refunded = {n[6]},
           updated_at = {n[7]}, confirmed_at = {n[8]}, revision = {n[9]}
     WHERE order_id = {n[0]} AND revision = {n[1]} {condition}
    RETURNING user_id
), shared AS (
    UPDATE customers
       SET open_amount = open_amount + {n[10]}::bigint, order_count = order_count + {n[11]}::int,
           lifetime_value = lifetime_value + {n[12]}::bigint, loyalty_points = loyalty_points + {n[13]}::bigint
      FROM written
     WHERE customers.user_id = written.user_id
       AND ({n[10]}::bigint, {n[11]}::int, {n[12]}::bigint, {n[13]}::bigint) <> (0, 0, 0, 0)
), told AS ({insert_events(first + _ORDER_VALUES, "written")})
"""  # noqa: S608 - numbers, and a name from the code


_ORDER: Final = f"WITH {order_clauses(1)} SELECT count(*) FROM written"  # noqa: S608 - made of constants
_TIMELINE = """
INSERT INTO timeline (order_id, step, outcome, attempt, reason, time, state)
SELECT $1, step, outcome, attempt, reason, time, $2
  FROM unnest($3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[]) WITH ORDINALITY
       AS entry (step, outcome, attempt, reason, time, place)
 ORDER BY place
"""
_KEY = """
INSERT INTO idempotency (caller, method, request_id, request_hash, response, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
RETURNING 1
"""
_KNOWN = (
    "SELECT request_hash, response FROM idempotency WHERE caller = $1 AND method = $2 AND request_id = $3"
)


async def write_order(
    connection: Connection, before: Order, after: Order, event: EventKind | None, clock: Clock
) -> bool:
    """Writes a changed order; False, and nothing, when it has changed since `before` was read."""
    return bool(await connection.fetchval(_ORDER, *order_values(connection, before, after, event, clock)))


def order_values(
    connection: Connection, before: Order, after: Order, event: EventKind | None, clock: Clock
) -> list[Any]:
    """The parameters of `order_clauses`, to be run on `connection`; `event` is told of the order as it is `after`."""
    change = share_of(after) - share_of(before)
    return [
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
        change.open_amount,
        change.order_count,
        change.lifetime_value,
        change.loyalty_points,
        *event_values(connection, [new_event(event, after)] if event else [], clock=clock),
    ]


def new_event(kind: EventKind, order: Order) -> NewEvent:
    """An event about the order as it is now."""
    return NewEvent(event_message(kind, order), subject=kind, entity_id=order.order_id)


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


async def write_key(connection: Connection, key: RequestKey, order_id: str, now: datetime) -> str | None:
    """Remembers the request; None, or the order of an earlier one (waited for when it is being written now)."""
    added = await connection.fetchval(
        _KEY, key.caller, key.method, key.request_id, key.body_hash, order_id.encode(), now
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
