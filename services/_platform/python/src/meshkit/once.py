"""A request's effect in one transaction, once for each request id: what mutating servicers call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

from google.protobuf.message import Message

from meshkit.clock import Clock
from meshkit.context import CallContext
from meshkit.idempotency import idempotent
from meshkit.postgres import Connection, Database

R = TypeVar("R", bound=Message)
W = TypeVar("W")
W_co = TypeVar("W_co", covariant=True)


class Once(Protocol[W_co]):
    """Calls `effect` with a store's writer inside a transaction; a repeat of the request gets the first answer again."""

    async def __call__(
        self,
        context: CallContext,
        request: Message,
        response_type: type[R],
        effect: Callable[[W_co], Awaitable[R]],
    ) -> R:
        """The effect's answer, or the first one. Raises what `effect` raises, and then nothing is kept."""
        ...


class DatabaseOnce(Generic[W]):
    """`Once` over PostgreSQL: the answer is stored in the transaction of the effect (see `meshkit.idempotency`)."""

    def __init__(self, database: Database, writer: Callable[[Connection], W], clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock

    async def __call__(
        self,
        context: CallContext,
        request: Message,
        response_type: type[R],
        effect: Callable[[W], Awaitable[R]],
    ) -> R:
        """The effect's answer, or the first one."""
        async with self._database.transaction() as connection:
            return await idempotent(
                connection,
                context=context,
                request=request,
                response_type=response_type,
                effect=lambda: effect(self._writer(connection)),
                now=self._clock.now(),
            )


class EveryTime(Generic[W]):
    """`Once` for stores in memory, which keep no answers: each call has its effect."""

    def __init__(self, transaction: Callable[[], AbstractAsyncContextManager[W]]) -> None:
        self._transaction = transaction

    async def __call__(
        self,
        context: CallContext,
        request: Message,
        response_type: type[R],
        effect: Callable[[W], Awaitable[R]],
    ) -> R:
        """The effect's answer."""
        async with self._transaction() as writer:
            return await effect(writer)
