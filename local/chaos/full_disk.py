"""A full disk for each store, made without filling one: what the store and its clients see is the same or milder.

No file system of a limited size is needed, so no root; what each way does not show stands beside it.
"""

from __future__ import annotations

import asyncio
import pwd
import signal
from collections.abc import Sequence
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local.chaos.grip import Grip
from local.errors import LocalError
from local.events.management import manage
from local.stores.account import server_user
from local.stores.redis import DATABASES

LARGEST_FILE: Final = str(64 * 1024)
AGAIN_S: Final = 0.5
RECOVERS_S: Final = 4.0
NAME: Final = "postgres"
TIMEOUT_S: Final = 5.0
Json = dict[str, Any]


class Store(Protocol):
    """A store whose disk can be full."""

    async def fill(self) -> None:
        """From now on it can write nothing more."""

    async def free(self) -> None:
        """There is room again."""


class FullPostgres:
    """No process of the server may write beyond 64 kB of any file (RLIMIT_FSIZE).

    The log can't be written, so the server panics and can't recover until there is room, as with a full disk of its
    own. A server that has lost its way in that is killed when there is room again, as an operator would do. Not shown:
    a disk that only has no room for tables, where single statements fail.
    """

    def __init__(self, grip: Grip) -> None:
        self._grip = grip
        self._server = 0
        self._watching: asyncio.Task[None] | None = None

    async def fill(self) -> None:
        """Limits all processes there are, and each server that starts; its children inherit."""
        pids = await self._grip.pids(NAME)
        await _limit(pids, LARGEST_FILE)
        self._server = next(iter(pids), 0)
        self._watching = asyncio.create_task(self._limit_newcomers(), name="full disk")

    async def free(self) -> None:
        """Takes the limit from those that live; returns when the server works."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await _limit(await self._grip.pids(NAME), "unlimited")
        if await self._grip.unready(RECOVERS_S, [NAME]):
            await self._grip.signal((await self._grip.pids(NAME))[:1], signal.SIGKILL)

    async def _limit_newcomers(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            pids = await self._grip.pids(NAME)
            if pids and pids[0] != self._server:
                self._server = pids[0]
                await _limit(pids, LARGEST_FILE)


async def _limit(pids: Sequence[int], size: str) -> None:
    """By `prlimit` and as the server's own account, because root in a container may not do it for others."""
    if not pids:
        return
    user = server_user()
    account: dict[str, Any] = {}
    if user is not None:
        account = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    each = " ".join(map(str, pids))
    script = f"for pid in {each}; do prlimit --pid=$pid --fsize={size}:unlimited; done"
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        script,
        cwd="/",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        **account,
    )
    _, words = await process.communicate()
    if b"not permitted" in words or b"not found" in words:
        raise LocalError(f"PostgreSQL's files can't be limited: {words.decode().strip().splitlines()[-1]}")


class FullNats:
    """Each stream may hold no more than it holds now, and refuses new messages, as JetStream does without storage.

    Not shown: consumers can still acknowledge.
    """

    def __init__(self, grip: Grip) -> None:
        self._url = f"nats://{grip.address('nats', 'nats')}"
        self._before: list[Json] = []

    async def fill(self) -> None:
        """Remembers each stream's configuration and closes it for publishers."""
        for name in (await manage(self._url, "STREAM.NAMES")).get("streams") or []:
            info = await manage(self._url, f"STREAM.INFO.{name}")
            self._before.append(info["config"])
            full = {"max_bytes": max(int(info["state"]["bytes"]), 1), "discard": "new"}
            await manage(self._url, f"STREAM.UPDATE.{name}", info["config"] | full)

    async def free(self) -> None:
        """As it was."""
        for configuration in self._before:
            await manage(self._url, f"STREAM.UPDATE.{configuration['name']}", configuration)


class FullRedis:
    """`maxmemory` of one byte without eviction: every write is refused, as after a failed append to its file.

    Not shown: the loss of what was written in the last second before (`appendfsync everysec`).
    """

    def __init__(self, grip: Grip) -> None:
        password, address = grip.secrets.get("redis"), grip.address("redis", "redis")
        self._url = f"redis://:{password}@{address}/{DATABASES['cart']}"
        self._before = ""

    async def fill(self) -> None:
        """Remembers the limit."""
        self._before = await self._set("1")

    async def free(self) -> None:
        """As it was."""
        await self._set(self._before)

    async def _set(self, limit: str) -> str:
        """The limit before."""
        try:
            async with Redis.from_url(self._url, socket_timeout=TIMEOUT_S, decode_responses=True) as redis:
                before = await redis.config_get("maxmemory")
                await redis.config_set("maxmemory", limit)
        except (RedisError, OSError) as error:
            raise LocalError(f"Redis does not take its limit: {error}") from error
        return str(before["maxmemory"])
