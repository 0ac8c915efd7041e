"""Runs one workflow from where it stands: step, record, next step, until it ends, waits or is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from order.app.ports import Clock, Lease, Meter, Scope, Work, WorkflowStore
from order.app.steps import Steps
from order.domain.advance import Limits, advance, must_turn_round, overdue, park, turn_round
from order.domain.errors import OrderError
from order.domain.steps import Outcome
from order.domain.workflow import Progress, Status, Workflow

# Each stale write means that another write got through; more of them for one step than this is no coincidence.
_MAX_REWRITES = 10


class LeaseLost(Exception):
    """Another replica works on it now; nothing that this one does is written any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the engine works: under which lease, and how long a step is retried."""

    lease: Lease
    limits: Limits


class Engine:
    """Holds no state of its own: what is not in the store did not happen.

    `wait_s` tells how many seconds to wait after try number n of a step.
    """

    def __init__(
        self,
        *,
        store: WorkflowStore,
        steps: Steps,
        clock: Clock,
        policy: Policy,
        meter: Meter,
        scope: Scope,
        wait_s: Callable[[int], float],
    ) -> None:
        self._store = store
        self._steps = steps
        self._clock = clock
        self._policy = policy
        self._meter = meter
        self._scope = scope
        self._wait_s = wait_s

    async def run(self, work: Work, stopping: Callable[[], bool] = lambda: False) -> Work:
        """The workflow when it has ended, is parked or waits for its next try; `stopping` ends it between steps.

        Raises LeaseLost, and the store's errors: then the lease runs out and any replica goes on.
        """
        with self._scope(work.order.user_id):
            while work.flow.active and work.retry_in_s is None:
                work = await self._turn(work, stopping)
        if not work.flow.active:
            self._note_end(work)
        return work

    async def _turn(self, work: Work, stopping: Callable[[], bool]) -> Work:
        outcome: Outcome | None = None
        if self._to_be_run(work.flow):
            outcome = await self._steps.run(work.order, work.flow)
            self._meter.step(work.flow.step, outcome)
        return await self._record(work, lambda now, fresh: self._next(fresh, outcome, now), stopping)

    def _to_be_run(self, flow: Workflow) -> bool:
        return not (must_turn_round(flow) or overdue(flow, self._clock.now(), self._policy.limits))

    def _next(self, work: Work, outcome: Outcome | None, now: datetime) -> Progress:
        order, flow, limits = work.order, work.flow, self._policy.limits
        try:
            if outcome is not None:
                wait = self._wait_s(flow.attempt)
                return advance(order, flow, outcome, now=now, limits=limits, retry_in_s=wait)
            if must_turn_round(flow):
                return turn_round(order, flow, now)
            return park(order, flow, "OVERDUE", now)
        except (OrderError, ValueError):
            # What came back contradicts what is known (say, a delivery of a parcel that was stopped): no rule can help.
            return park(order, flow, "CONTRADICTION", now)

    async def _record(
        self, work: Work, decide: Callable[[datetime, Work], Progress], stopping: Callable[[], bool]
    ) -> Work:
        """Writes what follows; when the order or a wish to cancel came in between, decides again on what is true now."""
        for _ in range(_MAX_REWRITES):
            progress = decide(self._clock.now(), work)
            if stopping() and progress.flow.active and progress.retry_in_s is None:
                progress = progress.given_back()
            if await self._store.record(progress, self._policy.lease):
                return Work(progress.order, progress.flow, progress.retry_in_s)
            fresh = await self._store.load(work.order.order_id)
            if fresh is None or fresh.flow.lease != work.flow.lease or not fresh.flow.active:
                raise LeaseLost(work.order.order_id)
            work = fresh
        raise LeaseLost(work.order.order_id)

    def _note_end(self, work: Work) -> None:
        flow = work.flow
        if flow.status is Status.PARKED:
            self._meter.parked(flow.order_id, flow.step, flow.parked_reason)
        else:
            self._meter.ended(work.order.state, (self._clock.now() - flow.started_at).total_seconds())
