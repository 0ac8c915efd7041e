"""The workflows' table: claims, and writes that are fenced by the lease."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from meshkit.postgres import Database, TransactionConflict
from order.adapters.rows import Row, order_of, workflow_of
from order.adapters.token_seal import TokenSeal
from order.adapters.writes import columns, order_clauses, order_values
from order.app.ports import Backlog, Clock, Lease, Work
from order.domain.workflow import Progress

# The workflow and its timeline. A lease that is given up is over: its holder can write nothing more.
# It finds nothing when the lease was lost, or when a cancellation was asked for that the writer does not know of.
_MOVED: Final = """
moved AS (
    UPDATE workflows
       SET status = $3, goal = $4, step = $5, attempt = $6, undo = $7, reason = $8, parked_reason = $9,
           payment_token = CASE WHEN $10::boolean THEN payment_token END, step_started_at = $11,
           cancel_requested = $12, lease = lease + ($13::text IS NULL)::int, lease_owner = $13,
           claimable_at = now() + make_interval(secs => $14)
     WHERE order_id = $1 AND lease = $2 AND status = 'active' AND cancel_requested = $15 {condition}
    RETURNING order_id
), noted AS (
    INSERT INTO timeline (order_id, step, outcome, attempt, reason, time, state)
    SELECT moved.order_id, entry.step, entry.outcome, entry.attempt, entry.reason, entry.time, $16
      FROM moved, unnest($17::text[], $18::text[], $19::int[], $20::text[], $21::timestamptz[]) WITH ORDINALITY
           AS entry (step, outcome, attempt, reason, time, place)
     ORDER BY place
)
"""
_ADVANCE: Final = f"WITH {_MOVED.format(condition='')} SELECT count(*) FROM moved"  # noqa: S608 - made of constants
# The order is locked first: once it is known to be the one that was read, workflow and order are both written or neither.
_ADVANCE_ORDER: Final = f"""
WITH held AS (
    SELECT FROM orders WHERE order_id = $22 AND revision = $23 FOR NO KEY UPDATE
), {_MOVED.format(condition="AND EXISTS (SELECT FROM held)")}, {order_clauses(22, "moved")}
SELECT count(*) FROM moved
"""  # noqa: S608 - made of constants
_CLAIM = """
WITH due AS (
    SELECT order_id FROM workflows
     WHERE status = 'active' AND claimable_at <= now()
     ORDER BY claimable_at
     LIMIT $1
       FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE workflows AS flow
       SET lease = lease + 1, lease_owner = $2, claimable_at = now() + make_interval(secs => $3),
           attempt = attempt + 1
      FROM due
     WHERE flow.order_id = due.order_id
    RETURNING flow.*
), noted AS (
    INSERT INTO timeline (order_id, step, outcome, attempt, reason, time, state)
    SELECT order_id, step, 'started', attempt, '', $4, state FROM claimed JOIN orders USING (order_id)
)
SELECT * FROM claimed JOIN orders USING (order_id)
"""
_BACKLOG = """
SELECT (SELECT count(*) FROM workflows WHERE status = 'parked') AS parked,
       (SELECT min(started_at) FROM workflows WHERE status = 'active') AS oldest
"""


class PostgresWorkflows:
    """The `WorkflowStore` of a pool. Leases run by the database's clock, which all replicas share."""

    def __init__(self, database: Database, clock: Clock, seal: TokenSeal) -> None:
        self._database = database
        self._clock = clock
        self._seal = seal

    async def load(self, order_id: str) -> Work | None:
        """The order and its workflow as they are."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT * FROM workflows JOIN orders USING (order_id) WHERE order_id = $1", order_id
            )
        return self._work(row) if row else None

    async def record(self, progress: Progress, lease: Lease) -> bool:
        """One statement, whatever it is that changes."""
        try:
            async with self._database.acquire() as connection:
                values = _flow_values(progress, lease)
                if progress.order_changed:
                    before, after = progress.order_before, progress.order
                    values += order_values(connection, before, after, progress.event, self._clock)
                    return bool(await connection.fetchval(_ADVANCE_ORDER, *values))
                return bool(await connection.fetchval(_ADVANCE, *values))
        except TransactionConflict:  # with a batch of events, say, about orders of the same customer
            return False

    async def claim_due(self, limit: int, lease: Lease) -> Sequence[Work]:
        """Rows that another replica is claiming at this moment are passed over."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_CLAIM, limit, lease.owner, lease.seconds, self._clock.now())
        return [self._work(row) for row in rows]

    async def backlog(self) -> Backlog:
        """The same figures whichever replica asks."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_BACKLOG)
        assert row is not None
        oldest = row["oldest"]
        age = (self._clock.now() - oldest).total_seconds() if oldest else 0.0
        return Backlog(row["parked"], max(age, 0.0))

    def _work(self, row: Row) -> Work:
        token = self._seal.open(str(row["order_id"]), row["payment_token"])
        return Work(order_of(row), workflow_of(row, token))


def _flow_values(progress: Progress, lease: Lease) -> list[Any]:
    """The parameters of `_ADVANCE`."""
    flow, kept = progress.flow, progress.retry_in_s is None and progress.flow.active
    return [
        flow.order_id,
        flow.lease,
        flow.status,
        flow.goal,
        flow.step,
        flow.attempt,
        list(flow.undo),
        flow.reason,
        flow.parked_reason,
        flow.payment_token is not None,
        flow.step_started_at,
        flow.cancel_requested,
        lease.owner if kept else None,
        lease.seconds if kept else progress.retry_in_s or 0.0,
        progress.flow_before.cancel_requested,
        progress.order.state,
        *columns(progress.entries),
    ]
