"""Hypothesis drives the model on the memory store for long, and on real PostgreSQL for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from meshkit.clock import FakeClock
from meshkit.postgres import Database
from order.adapters.memory import MemoryOrders
from order.adapters.postgres import PostgresOrders
from order.adapters.token_seal import TokenSeal
from order.app.ports import OrderStore
from services.order.tests.builders import LIMIT
from services.order.tests.contract.machine import OrdersMachine

SERVICE_DIR = Path(__file__).resolve().parents[2]
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

DUE = """
UPDATE workflows AS flow SET claimable_at = to_timestamp(place.number)
  FROM (SELECT order_id, row_number() OVER (ORDER BY order_id) AS number FROM workflows WHERE status = 'active') AS place
 WHERE flow.order_id = place.order_id
"""


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        # Other orders of events each time; what fails is shown in full, with the blob that plays it again.
        derandomize=False,
        print_blob=True,
        database=None,
        suppress_health_check=QUIET,
    )


@pytest.mark.timeout(300)
def test_no_order_of_events_breaks_a_promise_in_memory() -> None:
    loop = asyncio.new_event_loop()

    class Machine(OrdersMachine):
        def make_store(self, clock: FakeClock) -> OrderStore:
            self.loop = loop
            return MemoryOrders(clock=clock, credit_limit=LIMIT)

    try:
        run_state_machine_as_test(Machine, settings=_settings(300, 30))
    finally:
        loop.close()


@pytest.mark.timeout(300)
def test_no_order_of_events_breaks_a_promise_in_postgres(database: Callable[[Path], str]) -> None:
    loop = asyncio.new_event_loop()
    pool = Database(database(SERVICE_DIR), 4, "order-machine")
    loop.run_until_complete(pool.start())
    seal = TokenSeal("secret")

    async def leave_none_behind() -> None:
        """An example that failed half-way must not have its workflows claimed by the next one."""
        async with pool.acquire() as connection:
            await connection.execute(
                "UPDATE workflows SET status = 'done', payment_token = NULL WHERE status <> 'done'"
            )

    async def all_are_due() -> None:
        async with pool.acquire() as connection:
            await connection.execute(DUE)

    class Machine(OrdersMachine):
        def make_store(self, clock: FakeClock) -> OrderStore:
            self.loop = loop
            loop.run_until_complete(leave_none_behind())
            return PostgresOrders(pool, clock=clock, seal=seal, credit_limit=LIMIT)

        def make_due(self) -> None:
            loop.run_until_complete(all_are_due())

    try:
        run_state_machine_as_test(Machine, settings=_settings(100, 20))
    finally:
        loop.run_until_complete(pool.stop(1))
        loop.close()
