"""Gives up reading for a client that has left. Never a mutation: one under way is finished, its outcome known."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

from gateway.body import ClientGone
from gateway.exchange import Receive

# Most answers are there sooner, and cost nothing but a timer.
_PATIENCE_S: Final = 0.1


class abandoned_when_client_leaves:
    """Cancels the work inside, and raises ClientGone instead, when the client goes while it runs long."""

    __slots__ = ("_client_left", "_receive", "_task", "_timer", "_working")

    def __init__(self, receive: Receive) -> None:
        working = asyncio.current_task()
        assert working is not None
        self._working = working
        self._client_left = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._timer = working.get_loop().call_later(_PATIENCE_S, self._begin)

    def __enter__(self) -> None:
        """Nothing: the timer runs already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._client_left and kind is asyncio.CancelledError:
            self._working.uncancel()
            raise ClientGone("the client left") from None

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="client-watch")

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue  # what is left of the request
        self._client_left = True
        self._working.cancel()
