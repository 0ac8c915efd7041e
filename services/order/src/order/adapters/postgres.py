"""The order store on PostgreSQL, put together from its three parts, and changes inside an event's transaction."""

from __future__ import annotations

from collections.abc import Callable

from meshkit.postgres import Connection, Database
from order.adapters.postgres_reader import PostgresReader
from order.adapters.postgres_workflows import PostgresWorkflows
from order.adapters.postgres_writer import PostgresWriter
from order.adapters.rows import order_of
from order.adapters.token_seal import TokenSeal
from order.adapters.writes import write_order
from order.app.ports import Clock
from order.domain.money import Money
from order.domain.order import Order
from order.domain.workflow import EventKind


class PostgresOrders(PostgresReader, PostgresWorkflows, PostgresWriter):
    """The `OrderStore` of a pool; every transaction begins and ends inside one method."""

    def __init__(self, database: Database, *, clock: Clock, seal: TokenSeal, credit_limit: Money) -> None:
        PostgresReader.__init__(self, database)
        PostgresWorkflows.__init__(self, database, clock, seal)
        PostgresWriter.__init__(self, database, clock, seal, credit_limit)


class PostgresChanges:
    """`OrderChanges` inside the transaction of `connection`, which is the caller's to commit."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def change(
        self, order_id: str, decide: Callable[[Order], Order], event: EventKind | None = None
    ) -> Order | None:
        """Under the order's lock, so that a workflow's write comes wholly before or after."""
        row = await self._connection.fetchrow(
            "SELECT * FROM orders WHERE order_id = $1 FOR NO KEY UPDATE", order_id
        )
        if row is None:
            return None
        before = order_of(row)
        after = decide(before)
        if after is before:
            return before
        told = event if after.state is not before.state else None
        await write_order(self._connection, before, after, told, self._clock)
        return after
