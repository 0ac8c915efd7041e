"""Starts parts in order and stops them in reverse, each with a time limit; knows when one has died."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, runtime_checkable

from meshkit.logging import get_logger

START_LIMIT_S = 30.0
# Beyond its grace a part gets this long to let go before it is left behind.
STOP_MARGIN_S = 2.0
log = get_logger()


@runtime_checkable
class Component(Protocol):
    """A part with a life: a pool, a relay, a consumer, a channel, a background task."""

    @property
    def name(self) -> str:
        """What logs and readiness call it."""
        ...

    async def start(self) -> None:
        """Begins; must not wait for a neighbour (that is what readiness is for)."""
        ...

    async def stop(self, grace_s: float) -> None:
        """Ends within `grace_s` seconds; safe to call when `start` failed or never ran."""
        ...


class Background:
    """Base of components that run one coroutine until stopped.

    A coroutine that ends by itself, with or without an error, is a failure: it is logged, and `failure` makes
    the process's liveness fail.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self.failure: str | None = None

    @property
    def name(self) -> str:
        """What logs and readiness call it."""
        return self._name

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called: finish the work in hand and return from `run`."""
        return self._stopping.is_set()

    async def run(self) -> None:
        """The work; returns only when `stopping`."""
        raise NotImplementedError

    async def start(self) -> None:
        """Begins `run` in a task of its own."""
        self._stopping.clear()
        self._task = asyncio.create_task(self.run(), name=self.name)
        self._task.add_done_callback(self._ended)

    async def stop(self, grace_s: float) -> None:
        """Asks `run` to finish, waits `grace_s` seconds for it, then cancels it."""
        self._stopping.set()
        task = self._task
        if task is None:
            return
        await asyncio.wait({task}, timeout=grace_s)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=STOP_MARGIN_S)

    async def pause(self, seconds: float) -> None:
        """Waits `seconds`, or less when asked to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self.stopping and (task.cancelled() or task.exception() is None):
            return
        error = None if task.cancelled() else task.exception()
        self.failure = f"{self.name}: {type(error).__name__}" if error else f"{self.name}: ended by itself"
        log.error("background task died", component=self.name, exc_info=error)


class Lifecycle:
    """The ordered stack of a process's components."""

    def __init__(self, components: Sequence[Component]) -> None:
        self._components = components
        self._started: list[Component] = []

    async def start(self) -> None:
        """Starts all in order; when one fails, stops those already started and raises its error."""
        for component in self._components:
            self._started.append(component)
            try:
                async with asyncio.timeout(START_LIMIT_S):
                    await component.start()
            except BaseException:
                log.error("component did not start", component=component.name)
                await self.stop(grace_s=1.0)
                raise

    async def stop(self, grace_s: float) -> None:
        """Stops all in reverse, with one grace for all together; one that hangs or fails keeps no other."""
        until = time.monotonic() + grace_s
        while self._started:
            component = self._started.pop()
            left = max(until - time.monotonic(), 0.1)
            await stop_within(component.name, component.stop(left), left + STOP_MARGIN_S)

    def failures(self) -> list[str]:
        """The components whose background work has died."""
        reasons = (getattr(component, "failure", None) for component in self._components)
        return [str(reason) for reason in reasons if reason]


async def stop_within(name: str, stopping: Coroutine[Any, Any, None], limit_s: float) -> None:
    """Runs one step of the shutdown; a failed or late step is logged and left, so that the next ones run."""
    try:
        async with asyncio.timeout(limit_s):
            await stopping
    except TimeoutError:
        log.error("did not stop in time", component=name, limit_s=round(limit_s, 1))
    except Exception as error:
        log.error("failed to stop", component=name, exc_info=error)
