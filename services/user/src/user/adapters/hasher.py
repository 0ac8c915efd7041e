"""Argon2id on a bounded number of threads: the work that this service scales on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from prometheus_client import Gauge, Histogram

T = TypeVar("T")
HASH_SECONDS = Histogram(
    "user_password_hash_seconds",
    "Time of one argon2id run, queueing excluded",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
HASH_QUEUE = Gauge("user_password_hash_queue", "Password checks that wait for a thread")


class TooManyLogins(Exception):
    """The queue for the hashing threads is full."""

    kind: ClassVar[str] = "resource_exhausted"
    reason: ClassVar[str] = "OVERLOADED"
    retry_after_s = 1.0

    def __init__(self) -> None:
        super().__init__("too many password checks at once; try again in a second")


class Argon2Hasher:
    """Implements the `PasswordHasher` port. `threads` run at once, `queue_max` more wait, beyond that is refused."""

    name = "password-hasher"

    def __init__(self, *, threads: int, queue_max: int, memory_kib: int, time_cost: int) -> None:
        self._argon2 = Argon2(time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._threads = asyncio.Semaphore(threads)
        self._queue_max = queue_max
        self._waiting = 0
        self._nobody = ""

    async def start(self) -> None:
        """Makes the hash that stands in for an unknown account's."""
        self._nobody = await self.hash("no account has this password")

    async def stop(self, grace_s: float) -> None:
        """Lets the running checks end; they are over in a fraction of a second."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """A salted hash with its parameters in it. Raises TooManyLogins."""
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether they match. With None it takes as long and says no. Raises TooManyLogins."""
        matches = await self._run(lambda: self._matches(password_hash or self._nobody, password))
        return matches and password_hash is not None

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except VerifyMismatchError:
            return False
        except InvalidHashError as error:
            raise RuntimeError("a stored password hash is broken") from error

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._queue_max:
            raise TooManyLogins
        self._waiting += 1
        HASH_QUEUE.inc()
        try:
            await self._threads.acquire()
        finally:
            self._waiting -= 1
            HASH_QUEUE.dec()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _timed, work)
        finally:
            self._threads.release()


def _timed(work: Callable[[], T]) -> T:
    began = time.perf_counter()
    try:
        return work()
    finally:
        HASH_SECONDS.observe(time.perf_counter() - began)
