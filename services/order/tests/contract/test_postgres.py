"""What only the real database can promise."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from banyan.order.v1 import order_events_pb2
from meshkit.clock import FakeClock, uuid7
from meshkit.postgres import Connection, Database
from order.adapters.postgres import PostgresChanges, PostgresOrders
from order.adapters.token_seal import TokenSeal
from order.app.follow_events import FollowEvents
from order.domain.states import TRANSITIONS, OrderState
from order.domain.steps import Step
from order.domain.workflow import Status
from services.order.tests.bench import Bench
from services.order.tests.builders import LEASE, LIMIT, NO_TIME, TOKEN, a_placement
from services.order.tests.fakes import Mishap, Mishaps

RUNBOOK = Path(__file__).resolve().parents[2] / "RUNBOOK.md"

REASON = "CASE WHEN $2 = 'REJECTED' THEN 'X' ELSE '' END"


@pytest.fixture
def orders(order_database: Database, clock: FakeClock) -> PostgresOrders:
    return PostgresOrders(order_database, clock=clock, seal=TokenSeal("secret"), credit_limit=LIMIT)


async def test_the_database_lets_through_the_same_transitions_as_the_domain(
    orders: PostgresOrders, order_database: Database
) -> None:
    placement = a_placement()
    await orders.place(placement, LEASE)
    set_state = f"UPDATE orders SET state = $2, rejection_reason = {REASON} WHERE order_id = $1"
    for source in OrderState:
        for target in OrderState:
            async with order_database.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                await connection.execute("ALTER TABLE orders DISABLE TRIGGER order_state_guard")
                await connection.execute(set_state, placement.order.order_id, source)
                await connection.execute("ALTER TABLE orders ENABLE TRIGGER order_state_guard")
                allowed = source is target or target in TRANSITIONS[source]
                try:
                    await connection.execute(set_state, placement.order.order_id, target)
                    assert allowed, f"{source} -> {target} was written"
                except asyncpg.CheckViolationError:
                    assert not allowed, f"{source} -> {target} was refused"
                finally:
                    await transaction.rollback()


async def test_events_are_written_with_the_state_they_tell_of(
    orders: PostgresOrders, order_database: Database, clock: FakeClock
) -> None:
    bench = Bench(orders, clock)
    confirmed = await bench.engine().run(await bench.place())
    rejected = await bench.engine().run(await bench.place(on_hand=0))
    cancelled = await bench.engine().run(await bench.cancel(confirmed.order.order_id))
    async with order_database.acquire() as connection:
        rows = await connection.fetch("SELECT subject, entity_id, type, data FROM outbox ORDER BY position")
    assert [(row["subject"], row["entity_id"]) for row in rows] == [
        ("order.placed", confirmed.order.order_id),
        ("order.confirmed", confirmed.order.order_id),
        ("order.placed", rejected.order.order_id),
        ("order.rejected", rejected.order.order_id),
        ("order.cancelled", cancelled.order.order_id),
    ]
    told = order_events_pb2.OrderConfirmed.FromString(rows[1]["data"]).order
    assert told.payment_id == confirmed.order.payment_id
    assert told.total.minor_units == confirmed.order.total.minor
    refused = order_events_pb2.OrderRejected.FromString(rows[3]["data"]).order
    assert refused.rejection_reason == "OUT_OF_STOCK"


async def test_a_payment_token_is_sealed_at_rest_and_gone_when_the_charge_is_settled(
    orders: PostgresOrders, order_database: Database, clock: FakeClock
) -> None:
    bench = Bench(orders, clock)
    work = await bench.place()
    query = "SELECT payment_token FROM workflows WHERE order_id = $1"
    async with order_database.acquire() as connection:
        sealed = await connection.fetchval(query, work.order.order_id)
        assert sealed
        assert TOKEN.encode() not in bytes(sealed)
        await bench.engine().run(work)
        assert await connection.fetchval(query, work.order.order_id) is None
        tables = ("orders", "workflows", "timeline", "outbox", "idempotency")
        for table in tables:
            rows = await connection.fetch(f"SELECT t::text AS row FROM {table} AS t")
            assert not any(TOKEN in row["row"] for row in rows), table


async def test_a_token_sealed_with_another_key_undoes_the_order_instead_of_charging(
    orders: PostgresOrders, order_database: Database, clock: FakeClock
) -> None:
    bench = Bench(orders, clock)
    await bench.place()
    others = PostgresOrders(order_database, clock=clock, seal=TokenSeal("other"), credit_limit=LIMIT)
    successor = Bench(others, clock)
    successor.shop, successor.placed = bench.shop, bench.placed
    await successor.quiet()
    ended = await others.load(bench.placed[0])
    assert ended is not None
    assert ended.order.rejection_reason == "PAYMENT_TOKEN_GONE"
    await successor.check()


async def test_the_runbooks_statement_lets_a_parked_workflow_go_on(
    orders: PostgresOrders, order_database: Database, clock: FakeClock
) -> None:
    bench, mishaps = Bench(orders, clock), Mishaps()
    mishaps.calls = {Step.RELEASE: [Mishap.REQUEST_LOST] * 2}
    work = await bench.engine(mishaps).run(await bench.place(token="tok_declined"))
    clock.advance(3601)
    (claimed,) = await orders.claim_due(1, NO_TIME)
    parked = await bench.engine(mishaps).run(claimed)
    assert parked.flow.status is Status.PARKED
    assert (await orders.backlog()).parked == 1
    written = re.search(r"UPDATE workflows\s+SET .*?;", RUNBOOK.read_text(), re.DOTALL)
    assert written is not None
    async with order_database.acquire() as connection:
        await connection.execute(written.group().replace("…", work.order.order_id))
    await bench.quiet()
    await bench.check()


async def test_an_order_costs_four_statements(orders: PostgresOrders, clock: FakeClock) -> None:
    """Placing, reserved, charged, confirmed, when the customer has ordered before."""
    bench, user_id, statements = Bench(orders, clock), uuid7(), list[str]()
    await bench.engine().run(await bench.place(user_id=user_id))
    original = orders._database.acquire

    @asynccontextmanager
    async def logged() -> AsyncIterator[Connection]:
        async with original() as connection:
            with connection.query_logger(lambda query: statements.append(query.query)):
                yield connection

    orders._database.acquire = logged  # type: ignore[method-assign]
    await bench.engine().run(await bench.place(user_id=user_id))
    assert len(statements) == 4, statements


async def test_workflow_and_order_move_together_while_events_change_the_order(
    orders: PostgresOrders, order_database: Database, clock: FakeClock
) -> None:
    """The event's transaction commits at any moment of the statement that writes both."""
    bench, follow = Bench(orders, clock), FollowEvents(clock)

    async def shipped(order_id: str, number: int) -> None:
        async with order_database.transaction() as connection:
            await follow.shipment_created(PostgresChanges(connection, clock), order_id, f"shipment-{number}")

    for number in range(10):
        work = await bench.place()
        order_id = work.order.order_id
        await asyncio.gather(
            bench.engine().run(work), *(shipped(order_id, number * 10 + each) for each in range(5))
        )
        after = await orders.load(order_id)
        assert after is not None
        assert after.order.state is OrderState.CONFIRMED
        assert after.order.shipment_id.startswith("shipment-")
        # Created, charged, confirmed, and each shipment once.
        assert after.order.revision == 3 + 5
    await bench.check()
