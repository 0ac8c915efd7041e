"""Runs workflows as tasks of this process: those begun here, and those that nobody works on any more."""

from __future__ import annotations

import asyncio
import time

from meshkit import tracing
from meshkit.errors import PlatformError
from meshkit.lifecycle import STOP_MARGIN_S, Background
from meshkit.logging import get_logger
from order.adapters.meter import IN_FLIGHT
from order.app.engine import Engine, LeaseLost
from order.app.ports import Lease, Work, WorkflowStore
from order.domain.errors import OrderNotFound

# Workflows end here most of the time; polling is for those that another replica has.
_WAIT_POLL_S = 0.25
log = get_logger()


class WorkflowRunner(Background):
    """At most `max_running` workflows at once are taken up from the store; those begun by calls come on top,
    bounded by the server's own limit of calls. A call that ends, or goes away, leaves its workflow running.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        store: WorkflowStore,
        lease: Lease,
        poll_s: float = 1.0,
        max_running: int = 32,
    ) -> None:
        super().__init__("workflows")
        self._engine = engine
        self._store = store
        self._lease = lease
        self._poll_s = poll_s
        self._max_running = max_running
        self._tasks: dict[str, asyncio.Task[Work]] = {}
        self._taken: set[str] = set()
        self._wake = asyncio.Event()

    def submit(self, work: Work) -> None:
        """Goes on with a workflow whose lease this process holds."""
        order_id = work.order.order_id
        task = asyncio.create_task(self._work(work), name=f"workflow-{order_id}")
        self._tasks[order_id] = task
        IN_FLIGHT.set(len(self._tasks))
        task.add_done_callback(lambda done: self._workflow_ended(order_id, done))

    def wake(self) -> None:
        """Looks for due workflows now instead of at the next turn."""
        self._wake.set()

    async def settled(self, order_id: str, within_s: float) -> Work:
        """The order when its workflow has ended, or as it is after `within_s` seconds."""
        until = time.monotonic() + within_s
        while True:
            left = until - time.monotonic()
            task = self._tasks.get(order_id)
            if task is not None and left > 0:
                await asyncio.wait({task}, timeout=left)
                if work := _result(task):
                    return work
            work = await self._load(order_id)
            if not work.flow.active or left <= 0:
                return work
            if order_id not in self._tasks:
                await asyncio.sleep(min(_WAIT_POLL_S, max(left, 0.0)))

    async def run(self) -> None:
        """Takes up due workflows until stopped; a store that fails is asked again at the next turn."""
        while not self.stopping:
            taken = 0
            try:
                taken = await self._take_up()
            except PlatformError as error:  # the database is away, or has no connection to spare
                log.warning("could not look for due workflows", reason=error.reason)
            except Exception as error:
                log.error("could not look for due workflows", exc_info=error)
            if taken == 0:
                await self._rest()

    async def stop(self, grace_s: float) -> None:
        """Lets each workflow finish its step and gives its lease back; what takes longer is cut off."""
        started = time.monotonic()
        self._stopping.set()
        self._wake.set()
        await super().stop(grace_s)
        if tasks := set(self._tasks.values()):
            left = max(grace_s - (time.monotonic() - started), 0.1)
            _, late = await asyncio.wait(tasks, timeout=left)
            for task in late:  # its lease runs out, and another replica goes on
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=STOP_MARGIN_S)

    async def _take_up(self) -> int:
        free = self._max_running - len(self._taken)
        if free <= 0:
            return 0
        due = await self._store.claim_due(free, self._lease)
        for work in due:
            self.submit(work)
            self._taken.add(work.order.order_id)
        return len(due)

    async def _work(self, work: Work) -> Work:
        with tracing.internal_span("workflow") as span:
            span.set_attribute("banyan.order_id", work.order.order_id)
            return await self._engine.run(work, stopping=lambda: self.stopping)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _load(self, order_id: str) -> Work:
        work = await self._store.load(order_id)
        if work is None:
            raise OrderNotFound(order_id)
        return work

    def _workflow_ended(self, order_id: str, task: asyncio.Task[Work]) -> None:
        if self._tasks.get(order_id) is task:
            del self._tasks[order_id]
            self._taken.discard(order_id)
        IN_FLIGHT.set(len(self._tasks))
        if task.cancelled():
            log.warning("workflow cut off, its lease runs out", order_id=order_id)
        elif isinstance(error := task.exception(), LeaseLost):
            log.warning("workflow lost to another replica", order_id=order_id)
        elif error is not None:
            log.error("workflow failed, its lease runs out", order_id=order_id, exc_info=error)
        elif (retry_in_s := task.result().retry_in_s) is not None:
            # A little late rather than a little early: early would wait for the whole poll.
            asyncio.get_running_loop().call_later(retry_in_s + 0.01, self._wake.set)


def _result(task: asyncio.Task[Work]) -> Work | None:
    """What the task ended with, when that was the end of the workflow."""
    if not task.done() or task.cancelled() or task.exception() is not None:
        return None
    work = task.result()
    return None if work.flow.active else work
