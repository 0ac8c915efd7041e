"""A bounded pool of PostgreSQL connections whose waiting times are measured."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from meshkit.context import current_remaining_s, deadline_in
from meshkit.errors import PlatformError
from meshkit.lifecycle import STOP_MARGIN_S
from meshkit.telemetry import POOL_CONNECTIONS, POOL_MAX, POOL_USE, POOL_WAIT

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

_ACQUIRE_LIMIT_S: Final = 5.0
_CONNECT_LIMIT_S: Final = 5.0
_PING_LIMIT_S: Final = 1.0
_COMMAND_LIMIT_S: Final = 15.0
_SERVER_SETTINGS: Final = {
    "statement_timeout": "15000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
    "jit": "off",  # compiling costs more than any query of a request does
}
_SERVER_GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
_CANNOT_CONNECT: Final = (*_SERVER_GONE, asyncpg.InterfaceError, OSError)
_CONFLICTS: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
# Pool connections on which events were written, from then until they are given back.
_with_events: Final[set[Connection]] = set()


class DatabaseUnavailable(PlatformError):
    """The database cannot be reached or cut the connection; whatever was not committed did not happen."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("unavailable", "DATABASE_UNAVAILABLE", f"database: {type(cause).__name__}")


class TransactionConflict(PlatformError):
    """The database gave up this transaction for another one's sake; doing it again may succeed."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("aborted", "TRANSACTION_CONFLICT", f"database: {type(cause).__name__}")


class PoolExhausted(PlatformError):
    """No connection became free in time."""

    def __init__(self, waited_s: float) -> None:
        message = f"no database connection within {waited_s:.2f} s"
        super().__init__("resource_exhausted", "DATABASE_POOL_EXHAUSTED", message, retry_after_s=0.5)


class Database:
    """The pool of one database; starts without it and connects when first used.

    `generic_plans` is for those whose statements have one good plan each, whatever their parameters: PostgreSQL would
    plan a statement that takes arrays anew each time, which costs about as much as running it.
    """

    def __init__(
        self, dsn: str, pool_max: int = 8, name: str = "database", *, generic_plans: bool = False
    ) -> None:
        self._dsn = dsn
        self._pool_max = pool_max
        self._name = name
        self._settings = {**_SERVER_SETTINGS, "application_name": name}
        if generic_plans:
            self._settings["plan_cache_mode"] = "force_generic_plan"
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        # Called, without an argument, after a block that wrote events.
        self.event_listeners: set[Callable[[], None]] = set()

    @property
    def name(self) -> str:
        """What logs and readiness call it."""
        return self._name

    async def start(self) -> None:
        """Makes the pool without a connection: a database that is down keeps nothing from starting."""
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=self._pool_max,
            command_timeout=_COMMAND_LIMIT_S,
            timeout=_CONNECT_LIMIT_S,
            server_settings=self._settings,
            reset=_no_reset,
        )
        pool = self._pool
        POOL_MAX.set(self._pool_max)
        POOL_CONNECTIONS.labels("used").set_function(lambda: pool.get_size() - pool.get_idle_size())
        POOL_CONNECTIONS.labels("idle").set_function(pool.get_idle_size)

    async def stop(self, grace_s: float) -> None:
        """Waits `grace_s` seconds for connections in use, then cuts them."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(grace_s + STOP_MARGIN_S / 2):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection outside of any transaction.

        Raises PoolExhausted when none is free before the current call's deadline (5 s at most),
        DatabaseUnavailable, also for a connection lost inside the block, and TransactionConflict for a
        deadlock, a failed serialization or a lock not got.
        """
        if self._pool is None:
            raise DatabaseUnavailable(RuntimeError("not started"))
        pool, started = self._pool, time.monotonic()
        remaining = current_remaining_s()
        limit = _ACQUIRE_LIMIT_S if remaining is None else min(max(remaining, 0.001), _ACQUIRE_LIMIT_S)
        try:
            # A connection that is free is taken without waiting, hence without the cost of a timer.
            connection = await pool.acquire(timeout=None if pool.get_idle_size() else limit)
        except TimeoutError as error:
            raise PoolExhausted(time.monotonic() - started) from error
        except _CANNOT_CONNECT as error:
            raise DatabaseUnavailable(error) from error
        finally:
            POOL_WAIT.observe(time.monotonic() - started)
        taken = time.monotonic()
        try:
            yield connection
        except _SERVER_GONE as error:
            raise DatabaseUnavailable(error) from error
        except _CONFLICTS as error:
            raise TransactionConflict(error) from error
        except (asyncpg.InterfaceError, OSError) as error:
            if _gone(connection):
                raise DatabaseUnavailable(error) from error
            raise
        finally:
            with_events = connection in _with_events
            _with_events.discard(connection)
            await _give_back(pool, connection, sys.exception())
            POOL_USE.observe(time.monotonic() - taken)
            if with_events:
                for listener in self.event_listeners:
                    listener()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a READ COMMITTED transaction; an exception rolls it back."""
        async with self.acquire() as connection, connection.transaction():
            yield connection

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection of one's own beside the pool, for session locks and LISTEN; the caller closes it."""
        try:
            return await asyncpg.connect(
                self._dsn,
                timeout=_CONNECT_LIMIT_S,
                command_timeout=_COMMAND_LIMIT_S,
                server_settings={"application_name": f"{self._name}-session"},
            )
        except (*_CANNOT_CONNECT, TimeoutError) as error:
            raise DatabaseUnavailable(error) from error

    async def ping(self) -> None:
        """Raises when the database does not answer; a readiness check.

        All connections in use counts as an answer: a busy replica that reported itself away would make it worse.
        """
        try:
            with deadline_in(_PING_LIMIT_S):
                async with self.acquire() as connection:
                    await connection.fetchval("SELECT 1")
        except PoolExhausted:
            if self._pool is None or self._pool.get_size() < self._pool_max:
                raise


async def _give_back(
    pool: asyncpg.Pool[asyncpg.Record],
    connection: PoolConnectionProxy[asyncpg.Record],
    on_its_way: BaseException | None,
) -> None:
    """Returns a connection to the pool, which drops it when the server hangs while a command is being called off.

    That is told as DatabaseUnavailable, unless something else is `on_its_way` already, such as the end of a deadline.
    """
    try:
        await pool.release(connection)
    except (*_CANNOT_CONNECT, TimeoutError) as error:
        if on_its_way is None:
            raise DatabaseUnavailable(error) from error


def note_events(connection: Connection) -> None:
    """Has the `event_listeners` of the pool called once `connection` is given back, hence after the commit."""
    _with_events.add(connection)


def _gone(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except (
        asyncpg.InterfaceError
    ):  # the pool has let go of it already, which it does when the server hangs up
        return True


async def _no_reset(connection: object) -> None:
    """Saves a round trip at each release: nothing here changes the session outside of a transaction."""
