"""The transactions that begin something: placing an order, asking for its cancellation."""

from __future__ import annotations

from collections.abc import Callable

from meshkit.postgres import Connection, Database
from order.adapters.rows import address_json, lines_json, order_of, workflow_of
from order.adapters.token_seal import TokenSeal
from order.adapters.writes import read_key, write_entries, write_event, write_key
from order.app.ports import Clock, Lease, Placement, RequestKey, Work
from order.domain.cancelling import CancelPlan, Wish
from order.domain.errors import CreditLimitExceeded, OrderNotFound
from order.domain.money import Money
from order.domain.order import Order
from order.domain.workflow import EventKind, Workflow

# The update is the lock, too: a customer's orders are let in one by one.
_TAKE_CREDIT = """
UPDATE customers SET open_amount = open_amount + $2, last_order_at = $3
 WHERE user_id = $1 AND open_amount + $2 <= credit_limit
RETURNING 1
"""
_NEW_CUSTOMER = """
INSERT INTO customers (user_id, currency, credit_limit) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""
_ORDER = """
WITH placed AS (
    INSERT INTO orders (order_id, user_id, state, currency, lines, subtotal, shipping_price, address, speed,
                        created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
)
INSERT INTO workflows (order_id, status, goal, step, attempt, undo, reason, payment_token, started_at,
                       step_started_at, lease, lease_owner, claimable_at)
VALUES ($1, 'active', $11, $12, 1, $13, '', $14, $10, $10, $15, $16, now() + make_interval(secs => $17))
"""
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


class _AlreadyPlaced(Exception):
    """An earlier request of the same key was first; `order_id` is its order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(order_id)
        self.order_id = order_id


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
        """Key, credit, order, workflow, timeline and event in one transaction."""
        order = placement.order
        try:
            async with self._database.transaction() as connection:
                if known := await write_key(connection, placement.key, order.order_id):
                    raise _AlreadyPlaced(known)
                await self._take_credit(connection, order)
                await self._insert(connection, placement, lease)
                await write_entries(connection, order.order_id, order.state, placement.entries)
                await write_event(connection, EventKind.PLACED, order, self._clock)
        except _AlreadyPlaced as earlier:
            return earlier.order_id
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
            made = plan(order, workflow_of(row, self._seal.open(order_id, row["payment_token"])))
            if key:
                await write_key(connection, key, order_id)
            if made.wish is Wish.MARKED:
                await connection.execute(_MARK, order_id)
            elif made.wish is Wish.OPENED:
                await self._open(connection, made.flow, lease)
            await write_entries(connection, order_id, order.state, made.entries)
        return Work(order, made.flow), made.wish

    async def _take_credit(self, connection: Connection, order: Order) -> None:
        taking = (_TAKE_CREDIT, order.user_id, order.total.minor, order.created_at)
        if await connection.fetchval(*taking):
            return
        limit = self._credit_limit
        await connection.execute(_NEW_CUSTOMER, order.user_id, limit.currency, limit.minor)
        if not await connection.fetchval(*taking):
            known = await connection.fetchval(
                "SELECT credit_limit FROM customers WHERE user_id = $1", order.user_id
            )
            raise CreditLimitExceeded(known)

    async def _insert(self, connection: Connection, placement: Placement, lease: Lease) -> None:
        order, flow = placement.order, placement.flow
        await connection.execute(
            _ORDER,
            order.order_id,
            order.user_id,
            order.state,
            order.currency,
            lines_json(order.lines),
            order.subtotal.minor,
            order.shipping_price.minor,
            address_json(order.address),
            order.speed,
            order.created_at,
            flow.goal,
            flow.step,
            list(flow.undo),
            self._seal.seal(order.order_id, flow.payment_token),
            flow.lease,
            lease.owner,
            lease.seconds,
        )

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
