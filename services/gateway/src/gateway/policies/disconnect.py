"""Gives up reading for a client that has left. Never a mutation: one under way is finished, its outcome known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.body import ClientGone
from gateway.exchange import Receive

# Most answers are there sooner, and cost nothing but a timer.
_PATIENCE_S: Final = 0.1


@contextmanager
def abandoned_when_client_leaves(receive: Receive) -> Iterator[None]:
    """Cancels the work inside, and raises ClientGone instead, when the client goes while it runs long."""
    watch = _Watch(receive)
    try:
        yield
    except asyncio.CancelledError:
        if not watch.client_left:
            raise
        watch.working.uncancel()
        raise ClientGone("the client left") from None
    finally:
        watch.end()


class _Watch:
    def __init__(self, receive: Receive) -> None:
        working = asyncio.current_task()
        assert working is not None
        self.working = working
        self.client_left = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._timer = working.get_loop().call_later(_PATIENCE_S, self._begin)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="client-watch")

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue  # what is left of the request
        self.client_left = True
        self.working.cancel()

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
