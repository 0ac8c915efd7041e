"""The matrix of repeated requests: same, other body, at once, other caller, after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit.client import Channel
from meshkit.clock import FakeClock
from meshkit.context import Identity, acting_as
from meshkit.errors import PlatformError, RemoteError
from meshkit.idempotency import IdempotencySweeper, claim, idempotent, remember
from meshkit.postgres import Database
from meshkit.server import App
from meshkit.testing import FakeCallContext, eventually, running

SAY = "/meshkit.test.v1.EchoService/Say"
DAY_S = 24 * 3600.0
ANN, BOB = Identity("ann"), Identity("bob")


class Shop:
    """A servicer's method with an effect to count."""

    def __init__(self, pool: Database, echo: SimpleNamespace) -> None:
        self._pool, self._echo = pool, echo
        self.effects = 0
        self.entered = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.fail = False
        self.clock = FakeClock()

    async def say(self, request: Any, context: Any) -> Any:
        async with self._pool.transaction() as connection:

            async def effect() -> Any:
                self.effects += 1
                number = self.effects
                self.entered.set()
                await self.go.wait()
                if self.fail:
                    raise PlatformError("failed_precondition", "NOT_NOW", "later")
                return self._echo.SayReply(text=f"{request.text} {number}")

            return await idempotent(
                connection,
                context=context,
                request=request,
                response_type=self._echo.SayReply,
                effect=effect,
                now=self.clock.now(),
            )


@pytest.fixture
def shop(pool: Database, echo: SimpleNamespace) -> Shop:
    return Shop(pool, echo)


async def ask(channel: Channel, echo: SimpleNamespace, who: Identity, **fields: Any) -> tuple[str, bool]:
    """The answer's text, and whether it was marked as a replay."""
    request = echo.SayRequest(**{"text": "hi", "request_id": "r1", **fields})
    with acting_as(who):
        response = await channel.call(SAY, request, echo.SayReply)
    replayed = response.initial_metadata.get("banyan-idempotency-replayed") == "true"
    return response.message.text, replayed


async def test_the_same_request_gets_the_first_answer(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(shop.say)) as (_, channel):
        assert await ask(channel, echo, ANN) == ("hi 1", False)
        assert await ask(channel, echo, ANN) == ("hi 1", True)
    assert shop.effects == 1


async def test_another_body_under_the_same_key_is_refused(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(shop.say)) as (_, channel):
        await ask(channel, echo, ANN)
        with pytest.raises(RemoteError) as raised:
            await ask(channel, echo, ANN, text="other")
    assert (raised.value.kind, raised.value.reason) == ("failed_precondition", "IDEMPOTENCY_KEY_REUSED")
    assert shop.effects == 1


async def test_a_request_at_the_same_time_is_aborted(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    shop.go.clear()
    async with running(echo_app(shop.say)) as (_, channel):
        first = asyncio.create_task(ask(channel, echo, ANN))
        await shop.entered.wait()
        with pytest.raises(RemoteError) as raised:
            await ask(channel, echo, ANN)
        shop.go.set()
        assert await first == ("hi 1", False)
        assert await ask(channel, echo, ANN) == ("hi 1", True)
    assert (raised.value.kind, raised.value.reason) == ("aborted", "REQUEST_IN_PROGRESS")


async def test_callers_do_not_share_keys(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(shop.say)) as (_, channel):
        answers = [
            await ask(channel, echo, who) for who in (ANN, BOB, Identity(guest_id="g"), Identity(), ANN)
        ]
    assert answers == [("hi 1", False), ("hi 2", False), ("hi 3", False), ("hi 4", False), ("hi 1", True)]


async def test_methods_do_not_share_keys(pool: Database, echo: SimpleNamespace) -> None:
    request = echo.SayRequest(text="hi", request_id="r1")
    async with pool.transaction() as connection:
        first = FakeCallContext(ANN, method="/a.A/One")
        answer, now = echo.SayReply(text="one"), FakeClock().now()
        await remember(connection, context=first, request=request, response=answer, now=now)
        other = FakeCallContext(ANN, method="/a.A/Two")
        asked = {"request": request, "response_type": echo.SayReply, "now": now}
        assert await claim(connection, context=other, **asked) is None
        found = await claim(connection, context=first, **asked)
        assert found is not None
        assert found.text == "one"
    assert first.initial_metadata == {"banyan-idempotency-replayed": "true"}


async def test_without_a_key_each_request_has_its_effect(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(shop.say)) as (_, channel):
        assert await ask(channel, echo, ANN, request_id="") == ("hi 1", False)
        assert await ask(channel, echo, ANN, request_id="") == ("hi 2", False)


async def test_a_failed_effect_is_not_remembered(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    shop.fail = True
    async with running(echo_app(shop.say)) as (_, channel):
        with pytest.raises(RemoteError, match="later"):
            await ask(channel, echo, ANN)
        shop.fail = False
        assert await ask(channel, echo, ANN) == ("hi 2", False)


async def test_of_twenty_at_once_one_has_the_effect(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(shop.say)) as (_, channel):
        outcomes = await asyncio.gather(*(ask(channel, echo, ANN) for _ in range(20)), return_exceptions=True)
    assert shop.effects == 1
    answers = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    assert {text for text, _ in answers} == {"hi 1"}
    assert [replayed for _, replayed in answers].count(False) == 1
    reasons = {error.reason for error in outcomes if isinstance(error, RemoteError)}
    assert reasons <= {"REQUEST_IN_PROGRESS"}


async def test_a_key_is_new_again_when_its_day_is_over(
    shop: Shop, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(shop.say)) as (_, channel):
        assert await ask(channel, echo, ANN) == ("hi 1", False)
        shop.clock.advance(DAY_S - 1)
        assert await ask(channel, echo, ANN) == ("hi 1", True)
        shop.clock.advance(1)
        assert await ask(channel, echo, ANN, text="ho") == ("ho 2", False)
        assert await ask(channel, echo, ANN, text="ho") == ("ho 2", True)
        with pytest.raises(RemoteError, match="came before with another request"):
            await ask(channel, echo, ANN)


async def test_answers_as_old_as_a_day_are_swept(pool: Database, echo: SimpleNamespace) -> None:
    clock = FakeClock()

    async def keep(key: str) -> None:
        async with pool.transaction() as connection:
            await remember(
                connection,
                context=FakeCallContext(ANN),
                request=echo.SayRequest(text="hi", request_id=key),
                response=echo.SayReply(),
                now=clock.now(),
            )

    for number in range(5):
        await keep(f"old {number}")
    clock.advance(1)
    await keep("new")
    clock.advance(DAY_S - 1)

    async def left() -> bool:
        async with pool.acquire() as connection:
            rows = await connection.fetch("SELECT request_id FROM idempotency")
        return [row["request_id"] for row in rows] == ["new"]

    sweeper = IdempotencySweeper(pool, clock, interval_s=60, bite=2)
    await sweeper.start()
    await eventually(left)
    await sweeper.stop(1.0)
    assert sweeper.failure is None
