"""Shipments and recipients in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from meshkit.outbox import add_events
from meshkit.postgres import Connection, Database
from shipping.adapters.events import outgoing
from shipping.adapters.rows import (
    CHANGING,
    COLUMNS,
    changing_values_of,
    recipient_of,
    recipient_values,
    shipment_of,
    values_of,
)
from shipping.app.ports import PageQuery, Queue
from shipping.domain.recipient import Recipient
from shipping.domain.shipment import Milestone, Shipment

# First key of the two-key advisory locks, so that they are apart from those of the platform's tables.
ORDER_LOCK: Final = 7301

_SELECT: Final = f"SELECT {COLUMNS} FROM shipments"  # noqa: S608 - constants only
_PLACES: Final = ", ".join(f"${number}" for number in range(1, 17))
_INSERT: Final = (
    f"INSERT INTO shipments ({COLUMNS}) SELECT {_PLACES}"  # noqa: S608 - constants only
    " WHERE NOT EXISTS (SELECT FROM stopped_orders WHERE order_id = $2) ON CONFLICT (order_id) DO NOTHING RETURNING id"
)
_UPDATE: Final = f"UPDATE shipments SET ({CHANGING}) = ROW($2, $3, $4, $5, $6, $7, $8, $9, $10) WHERE id = $1"  # noqa: S608 - constants only
_PAGE: Final = (
    _SELECT + " WHERE ($1::text IS NULL OR user_id = $1) AND ($2::uuid IS NULL OR order_id = $2)"
    " AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
)
_RECIPIENT: Final = "SELECT * FROM recipients WHERE customer_id = $1"
_PUT_RECIPIENT: Final = (
    "INSERT INTO recipients (customer_id, addresses, speed, leave_at_door, instructions, updated_at)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer_id) DO UPDATE SET"
    " addresses = $2, speed = $3, leave_at_door = $4, instructions = $5, updated_at = $6"
)
_WAITING: Final = {
    Queue.LABEL: "state = 'pending' AND NOT void_requested",
    Queue.TRACK: "state IN ('labelled', 'dispatched') AND NOT void_requested",
    Queue.VOID: "void_requested",
}
_MARK: Final = {Queue.LABEL: ", label_attempts = label_attempts + 1, label_in_doubt = true"}


def _claim_sql(queue: Queue) -> str:
    columns = ", ".join(f"s.{column}" for column in COLUMNS.split(", "))
    return (
        "WITH due AS (SELECT id AS due_id, label_in_doubt AS was_in_doubt FROM shipments"  # noqa: S608
        f" WHERE {_WAITING[queue]} AND due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)"
        f" UPDATE shipments s SET due_at = $2{_MARK.get(queue, '')} FROM due WHERE s.id = due_id"
        f" RETURNING {columns}, was_in_doubt"
    )


_CLAIM: Final = {queue: _claim_sql(queue) for queue in Queue}


class PostgresStore:
    """Implements the `Store` port on a pool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """One transaction, undone when the block raises."""
        async with self._database.transaction() as connection:
            yield PostgresTransaction(connection)

    async def get(self, shipment_id: str) -> Shipment | None:
        """One as it stands."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(f"{_SELECT} WHERE id = $1", shipment_id)
        return shipment_of(row) if row else None

    async def page(self, query: PageQuery) -> list[Shipment]:
        """Up to `limit`, newest first: ids are UUIDv7, so their order is that of making."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_PAGE, query.user_id, query.order_id, query.before, query.limit)
        return [shipment_of(row) for row in rows]

    async def recipient(self, customer_id: str) -> Recipient | None:
        """The customer as a recipient."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_RECIPIENT, customer_id)
        return recipient_of(row) if row else None

    async def claim(self, queue: Queue, now: datetime, until: datetime, limit: int) -> list[Shipment]:
        """Takes what is due, passing over rows that another worker is taking; one statement, one commit."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_CLAIM[queue], now, until, limit)
        return [replace(shipment_of(row), label_in_doubt=row["was_in_doubt"]) for row in rows]

    async def oldest_unlabelled(self) -> datetime | None:
        """When the oldest shipment that waits for its label was made."""
        async with self._database.acquire() as connection:
            oldest: datetime | None = await connection.fetchval(
                "SELECT min(created_at) FROM shipments WHERE state = 'pending' AND NOT void_requested"
            )
        return oldest


class PostgresTransaction:
    """Implements the `Transaction` port on a connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def lock_order(self, order_id: str) -> None:
        """An advisory lock, because the row to lock may not exist yet."""
        await self.connection.execute(
            "SELECT pg_advisory_xact_lock($1::int, hashtext($2::text))", ORDER_LOCK, order_id
        )

    async def stop_order(self, order_id: str, now: datetime) -> None:
        """Remembers that this order gets no shipment."""
        await self.connection.execute(
            "INSERT INTO stopped_orders (order_id, stopped_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            order_id,
            now,
        )

    async def add(self, shipment: Shipment) -> bool:
        """Stores a new one, unless its order has one or was stopped."""
        return await self.connection.fetchval(_INSERT, *values_of(shipment)) is not None

    async def of_order(self, order_id: str) -> Shipment | None:
        """The order's shipment, locked."""
        return await self._locked("order_id", order_id)

    async def get_locked(self, shipment_id: str) -> Shipment | None:
        """One, locked."""
        return await self._locked("id", shipment_id)

    async def all_locked(self, shipment_ids: Sequence[str]) -> list[Shipment]:
        """Several, locked in the order of their ids."""
        rows = await self.connection.fetch(
            f"{_SELECT} WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", list(shipment_ids)
        )
        return [shipment_of(row) for row in rows]

    async def save(self, *shipments: Shipment) -> None:
        """Writes changed ones back."""
        if not shipments:
            return
        await self.connection.executemany(
            _UPDATE, [(shipment.id, *changing_values_of(shipment)) for shipment in shipments]
        )

    async def recipient(self, customer_id: str) -> Recipient | None:
        """The customer as a recipient."""
        row = await self.connection.fetchrow(_RECIPIENT, customer_id)
        return recipient_of(row) if row else None

    async def put_recipient(self, recipient: Recipient) -> None:
        """Replaces the whole."""
        await self.connection.execute(_PUT_RECIPIENT, *recipient_values(recipient))

    async def publish(self, *news: tuple[Milestone, Shipment]) -> None:
        """Writes the events beside the state."""
        await add_events(self.connection, [outgoing(milestone, shipment) for milestone, shipment in news])

    async def _locked(self, column: str, value: str) -> Shipment | None:
        row = await self.connection.fetchrow(f"{_SELECT} WHERE {column} = $1 FOR UPDATE", value)
        return shipment_of(row) if row else None
