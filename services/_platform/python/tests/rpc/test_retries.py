"""Proposal A6: what is tried again, when, and how often all together."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.rpc import wiring
from meshkit.rpc.handling import Incoming, Status
from meshkit.rpc.outgoing import Ended
from meshkit.rpc.retrying import Budget, RetryPolicy
from meshkit.testing import eventually
from services._platform.python.tests.rpc.echoes import ECHO, Echo, calling, serving

POLICY = RetryPolicy(3, 0.01, 0.02, 2.0, frozenset({wiring.UNAVAILABLE}))
AWAY = Status(wiring.UNAVAILABLE, "away")


@pytest.mark.parametrize("code", range(1, 17))
async def test_only_the_policys_codes_are_tried_again(code: int) -> None:
    echo = Echo()
    echo.refuses = lambda _: Status(code, "no")
    async with serving(echo) as (_, address), calling(address) as caller:
        ended = await caller.failure(policy=POLICY)
        assert (ended.code, ended.sent) == (code, True)
        assert echo.calls == (3 if code == wiring.UNAVAILABLE else 1)
        assert caller.retries == echo.calls - 1


async def test_attempts_are_numbered_and_the_first_success_ends_them() -> None:
    echo = Echo()
    echo.refuses = lambda call: AWAY if call < 3 else None
    async with serving(echo) as (_, address), calling(address) as caller:
        assert await caller.ask(policy=POLICY) == b"hi"
        assert [seen.get("grpc-previous-rpc-attempts") for seen in echo.seen] == [None, "1", "2"]


async def test_without_a_policy_nothing_is_tried_again() -> None:
    echo = Echo()
    echo.refuses = lambda _: AWAY
    async with serving(echo) as (_, address), calling(address) as caller:
        await caller.failure()
        assert (echo.calls, caller.retries) == (1, 0)


@pytest.mark.parametrize(("told", "calls"), [("1", 3), ("-1", 1), ("soon", 1), ("", 1)])
async def test_the_server_may_say_when_or_never(told: str, calls: int) -> None:
    echo = Echo()
    echo.refuses = lambda _: Status(wiring.UNAVAILABLE, "away", (("grpc-retry-pushback-ms", told),))
    slow = RetryPolicy(3, 30.0, 30.0, 1.0, POLICY.codes)
    async with serving(echo) as (_, address), calling(address) as caller:
        async with asyncio.timeout(20):
            await caller.failure(policy=slow, timeout_s=60.0)
        assert echo.calls == calls


async def test_what_has_begun_to_be_answered_is_not_tried_again() -> None:
    class Begins(Echo):
        async def _echo(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
            self.calls += 1
            call.send_metadata([("begun", "yes")])
            return None, AWAY

    echo = Begins()
    async with serving(echo) as (_, address), calling(address) as caller:
        ended = await caller.failure(policy=POLICY)
        assert (ended.begun, echo.calls) == (True, 1)


async def test_no_retry_begins_after_the_deadline() -> None:
    echo = Echo()
    echo.refuses = lambda _: AWAY
    slow = RetryPolicy(3, 30.0, 30.0, 1.0, POLICY.codes)
    async with serving(echo) as (_, address), calling(address) as caller:
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert (await caller.failure(policy=slow, timeout_s=5.0)).code == wiring.UNAVAILABLE
        assert loop.time() - started < 4
        assert echo.calls == 1


def test_waits_grow_up_to_the_longest_and_spread() -> None:
    policy = RetryPolicy(9, 0.1, 0.5, 2.0, POLICY.codes)
    ended = Ended(wiring.UNAVAILABLE)
    for retry, longest in enumerate((0.1, 0.2, 0.4, 0.5, 0.5), 1):
        waits = [policy.wait_s(retry, ended) or 0.0 for _ in range(200)]
        assert 0.8 * longest <= min(waits) < 0.9 * longest
        assert 1.1 * longest < max(waits) <= 1.2 * longest
    assert policy.wait_s(9, ended) is None


def test_the_budget_is_spent_by_failures_and_earned_by_successes() -> None:
    budget = Budget(10, 0.5)
    for _ in range(4):
        budget.note(wiring.UNAVAILABLE, POLICY)
    assert budget.left
    budget.note(wiring.UNAVAILABLE, POLICY)
    assert not budget.left
    budget.note(wiring.PERMISSION_DENIED, POLICY)
    budget.note(wiring.UNAVAILABLE, None)
    assert not budget.left
    budget.note(wiring.OK, None)
    assert budget.left
    for _ in range(100):
        budget.note(wiring.UNAVAILABLE, POLICY)
    for _ in range(10):
        budget.note(wiring.OK, POLICY)
    assert not budget.left
    budget.note(wiring.OK, POLICY)
    assert budget.left


async def test_in_a_total_outage_attempts_stay_near_calls_and_retries_come_back_after_it() -> None:
    """The shop's own figures: 100 tokens, a tenth of one for each success."""
    echo = Echo()
    echo.refuses = lambda _: AWAY
    async with serving(echo) as (_, address), calling(address, budget=Budget(100, 0.1)) as caller:
        for _ in range(50):
            ended = await asyncio.gather(*(caller.failure(policy=POLICY, timeout_s=30.0) for _ in range(20)))
            assert {each.code for each in ended} == {wiring.UNAVAILABLE}
        assert 1_000 < echo.calls < 1_200
        assert caller.retries == echo.calls - 1_000
        echo.refuses = lambda _: None
        for _ in range(26):
            await asyncio.gather(*(caller.ask(policy=POLICY) for _ in range(20)))
        retries, last = caller.retries, echo.calls
        echo.refuses = lambda call: AWAY if call == last + 1 else None
        assert await caller.ask(ECHO, b"again", policy=POLICY) == b"again"
        assert caller.retries == retries + 1


async def test_attempts_that_found_nobody_count_as_not_sent_and_later_ones_as_sent() -> None:
    echo = Echo()
    echo.health.set_serving(False)
    async with serving(echo) as (_, address), calling(address) as caller:
        assert (await caller.failure(policy=POLICY)).sent is False
        echo.refuses = lambda _: AWAY
        echo.health.set_serving(True)
        patient = RetryPolicy(9, 0.05, 0.05, 1.0, POLICY.codes)
        assert (await caller.failure(policy=patient)).sent is True


async def test_a_retried_call_can_be_cancelled_between_attempts() -> None:
    echo = Echo()
    echo.refuses = lambda _: AWAY
    slow = RetryPolicy(3, 20.0, 20.0, 1.0, POLICY.codes)
    async with serving(echo) as (_, address), calling(address) as caller:
        task = asyncio.create_task(caller.ask(policy=slow, timeout_s=60.0))
        await eventually(lambda: echo.calls == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (echo.calls, caller.retries) == (1, 0)
