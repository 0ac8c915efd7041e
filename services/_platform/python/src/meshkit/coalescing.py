"""Look-ups that share round trips."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import Context
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Coalesced(Generic[K, V]):
    """Look-ups by key: those that come while `lanes` round trips are under way go together with the next one.

    Under load a round trip so answers many callers; a lone caller waits for nobody. Nothing is kept: an answer is never
    older than the question. A round trip belongs to no single caller, hence it has none's deadline or identity; `fetch`
    must bound its own time.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        max_batch: int = 100,
        lanes: int = 2,
    ) -> None:
        self._fetch = fetch
        self._max_batch = max_batch
        self._free = lanes
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """The value, None when there is none. Raises what `fetch` raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._free:
            self._free -= 1
            task = loop.create_task(self._work(), name="coalesced", context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._round_trip()
        finally:
            self._free += 1

    async def _round_trip(self) -> None:
        keys = list(self._waiting)[: self._max_batch]
        asked = {key: self._waiting.pop(key) for key in keys}
        try:
            found = await self._fetch(keys)
        except Exception as error:  # noqa: BLE001 - it is the callers' error, each of them gets it
            for answer in _open(asked):
                answer.set_exception(error)
        except BaseException:
            for answer in _open(asked):
                answer.cancel()
            raise
        else:
            for key, answers in asked.items():
                for answer in _open({key: answers}):
                    answer.set_result(found.get(key))


def _open(asked: Mapping[K, Sequence[asyncio.Future[V | None]]]) -> Iterator[asyncio.Future[V | None]]:
    """The answers that somebody still waits for."""
    for answers in asked.values():
        yield from (answer for answer in answers if not answer.done())
