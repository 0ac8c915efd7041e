"""The transactions that begin something: placing an order, asking for its cancellation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import asyncpg

from meshkit.outbox import event_values, insert_events
from meshkit.postgres import Connection, Database
from order.adapters.rows import address_json, lines_json, order_of, workflow_of
from order.adapters.token_seal import TokenSeal
from order.adapters.writes import columns, new_event, read_key, write_entries, write_key
from order.app.ports import Clock, Lease, Placement, RequestKey, Work
from order.domain.cancelling import CancelPlan, Wish
from order.domain.errors import CreditLimitExceeded, OrderNotFound
from order.domain.money import Money
from order.domain.order import Order
from order.domain.workflow import EventKind, Workflow

_NEW_CUSTOMER: Final = """
INSERT INTO customers (user_id, currency, credit_limit) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""
# Without credit nothing is written. The update is the lock, too: a customer's orders are let in one by one. The key of an
# earlier request, waited for when it is being written now, makes the whole statement fail.
_PLACE: Final = f"""
WITH credit AS (
    UPDATE customers SET open_amount = open_amount + $1::bigint, last_order_at = $2
     WHERE user_id = $3 AND open_amount + $1::bigint <= credit_limit
    RETURNING user_id
), keyed AS (
    INSERT INTO idempotency (caller, method, request_id, request_hash, response, created_at)
    SELECT $4, $5, $6, $7, $8, $2 FROM credit
), placed AS (
    INSERT INTO orders (order_id, user_id, state, currency, lines, subtotal, shipping_price, address, speed,
                        created_at, updated_at)
    SELECT $9, user_id, $10, $11, $12, $13, $14, $15, $16, $2, $2 FROM credit
), begun AS (
    INSERT INTO workflows (order_id, status, goal, step, attempt, undo, reason, payment_token, started_at,
                           step_started_at, lease, lease_owner, claimable_at)
    SELECT $9, 'active', $17, $18, 1, $19, '', $20, $2, $2, $21, $22, now() + make_interval(secs => $23) FROM credit
), noted AS (
    INSERT INTO timeline (order_id, step, outcome, attempt, reason, time, state)
    SELECT $9, entry.step, entry.outcome, entry.attempt, entry.reason, entry.time, $10
      FROM credit, unnest($24::text[], $25::text[], $26::int[], $27::text[], $28::timestamptz[]) WITH ORDINALITY
           AS entry (step, outcome, attempt, reason, time, place)
     ORDER BY place
), told AS ({insert_events(29, "credit")})
SELECT count(*) FROM credit
"""  # noqa: S608 - made of constants
# A workflow that nobody works on is due at once, so that the wish does not wait for its next try.
_MARK = """
UPDATE workflows
   SET cancel_requested = true, claimable_at = CASE WHEN lease_owner IS NULL THEN now() ELSE claimable_at END
 WHERE order_id = $1
"""
_OPEN = """
UPDATE workflows
   SET status = 'active', goal = $2, step = $3, attempt = 1, undo = $4, reason = '', parked_reason = '',
       cancel_requested = true, started_at = $5, step_started_at = $5, lease = $6, lease_owner = $7,
       claimable_at = now() + make_interval(secs => $8)
 WHERE order_id = $1
"""


class PostgresWriter:
    """The `OrderWriter` of a pool. `credit_limit` is a new customer's."""

    def __init__(self, database: Database, clock: Clock, seal: TokenSeal, credit_limit: Money) -> None:
        self._database = database
        self._clock = clock
        self._seal = seal
        self._credit_limit = credit_limit

    async def find_request(self, key: RequestKey) -> str | None:
        """As `read_key`."""
        async with self._database.acquire() as connection:
            return await read_key(connection, key)

    async def place(self, placement: Placement, lease: Lease) -> str | None:
        """Key, credit, order, workflow, timeline and event in one statement."""
        try:
            async with self._database.acquire() as connection:
                if await self._place(connection, placement, lease):
                    return None
                if known := await read_key(connection, placement.key):
                    return known
            await self._place_as_new_customer(placement, lease)
        except asyncpg.UniqueViolationError:
            known = await self.find_request(placement.key)
            if known is None:  # it was not about the key
                raise
            return known
        return None

    async def request_cancel(
        self,
        order_id: str,
        plan: Callable[[Order, Workflow], CancelPlan],
        key: RequestKey | None,
        lease: Lease,
    ) -> tuple[Work, Wish]:
        """Locks the workflow first, then reads the order: nothing that moves an order gets in between."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                "SELECT * FROM workflows WHERE order_id = $1 FOR UPDATE", order_id
            )
            order_row = await connection.fetchrow("SELECT * FROM orders WHERE order_id = $1", order_id)
            if row is None or order_row is None:
                raise OrderNotFound(order_id)
            order = order_of(order_row)
            flow = workflow_of(row, self._seal.open(order_id, row["payment_token"]))
            if key and await write_key(connection, key, order_id, self._clock.now()):
                return Work(order, flow), Wish.REPEATED
            made = plan(order, flow)
            if made.wish is Wish.MARKED:
                await connection.execute(_MARK, order_id)
            elif made.wish is Wish.OPENED:
                await self._open(connection, made.flow, lease)
            await write_entries(connection, order_id, order.state, made.entries)
        return Work(order, made.flow), made.wish

    async def _place_as_new_customer(self, placement: Placement, lease: Lease) -> None:
        """Raises CreditLimitExceeded, and then leaves no new customer behind."""
        user_id, limit = placement.order.user_id, self._credit_limit
        async with self._database.transaction() as connection:
            await connection.execute(_NEW_CUSTOMER, user_id, limit.currency, limit.minor)
            if not await self._place(connection, placement, lease):
                known = await connection.fetchval(
                    "SELECT credit_limit FROM customers WHERE user_id = $1", user_id
                )
                raise CreditLimitExceeded(known)

    async def _place(self, connection: Connection, placement: Placement, lease: Lease) -> bool:
        order, flow, key = placement.order, placement.flow, placement.key
        placed = await connection.fetchval(
            _PLACE,
            order.total.minor,
            order.created_at,
            order.user_id,
            key.caller,
            key.method,
            key.request_id,
            key.body_hash,
            order.order_id.encode(),
            order.order_id,
            order.state,
            order.currency,
            lines_json(order.lines),
            order.subtotal.minor,
            order.shipping_price.minor,
            address_json(order.address),
            order.speed,
            flow.goal,
            flow.step,
            list(flow.undo),
            self._seal.seal(order.order_id, flow.payment_token),
            flow.lease,
            lease.owner,
            lease.seconds,
            *columns(placement.entries),
            *event_values(connection, [new_event(EventKind.PLACED, order)], clock=self._clock),
        )
        return bool(placed)

    async def _open(self, connection: Connection, flow: Workflow, lease: Lease) -> None:
        await connection.execute(
            _OPEN,
            flow.order_id,
            flow.goal,
            flow.step,
            list(flow.undo),
            flow.started_at,
            flow.lease,
            lease.owner,
            lease.seconds,
        )
