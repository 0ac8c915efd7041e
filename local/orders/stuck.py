"""Reads the workflows that do not go on from order's own books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from local.audit.rules import Limits
from local.audit.table import FORWARD_STEPS
from local.orders.advice import RUNBOOK, Advice, advice

if TYPE_CHECKING:
    from local.stores.service_database import Connection

# A row without an owner says in `claimable_at` when it is due; parking is the last write to it, and makes that its moment.
_STUCK: Final = """
    WITH clock AS (SELECT now() + make_interval(secs => $1::float8) AS now)
    SELECT order_id::text, state, status, goal, step, attempt, parked_reason, undo, step_started_at,
           CASE WHEN status = 'parked' THEN claimable_at END AS parked_at, lease_owner IS NOT NULL AS worked_on,
           extract(epoch FROM clock.now - step_started_at)::float8 AS age_s
      FROM workflows JOIN orders USING (order_id), clock
     WHERE status = 'parked'
        OR status = 'active' AND step_started_at < clock.now
           - make_interval(secs => CASE WHEN step = ANY($2::text[]) THEN $3::float8 ELSE $4 END)
     ORDER BY status = 'active', step_started_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """One workflow. `attempts` of `step` since `step_since`; `undo` are the compensations still due, the next one last.

    `parked_since` is None and `reason` empty for one that is only slow; `worked_on` says that a replica holds it now.
    """

    order_id: str
    state: str
    status: str
    goal: str
    step: str
    attempts: int
    step_since: datetime
    parked_since: datetime | None
    reason: str
    undo: tuple[str, ...]
    worked_on: bool
    age_s: float

    @property
    def advice(self) -> Advice:
        """What to do about it."""
        return advice(self.status, self.step, self.reason)

    def as_json(self) -> dict[str, Any]:
        """Everything, for `--json`."""
        return {
            "order_id": self.order_id,
            "state": self.state,
            "status": self.status,
            "goal": self.goal,
            "step": self.step,
            "attempts": self.attempts,
            "step_since": self.step_since.isoformat(),
            "parked_since": self.parked_since.isoformat() if self.parked_since else None,
            "reason": self.reason,
            "undo": list(self.undo),
            "worked_on": self.worked_on,
            "age_seconds": round(self.age_s),
            "what_to_do": self.advice.what,
            "runbook": f"{RUNBOOK}, {self.advice.heading}",
        }


async def stuck(
    orders: Connection, *, clock_offset_s: float = 0.0, older_than_s: float | None = None
) -> list[Stuck]:
    """Parked workflows, and those whose step goes on for longer than its limit or than `older_than_s`; oldest first."""
    limits = Limits()
    forward_s, backward_s = limits.forward_step_s, limits.backward_step_s
    if older_than_s is not None:
        forward_s = backward_s = older_than_s
    rows = await orders.fetch(_STUCK, clock_offset_s, list(FORWARD_STEPS), forward_s, backward_s)
    return [_stuck(row) for row in rows]


def _stuck(row: Any) -> Stuck:
    return Stuck(
        order_id=row["order_id"],
        state=row["state"],
        status=row["status"],
        goal=row["goal"],
        step=row["step"],
        attempts=row["attempt"],
        step_since=row["step_started_at"],
        parked_since=row["parked_at"],
        reason=row["parked_reason"] if row["status"] == "parked" else "",
        undo=tuple(row["undo"]),
        worked_on=row["worked_on"],
        age_s=row["age_s"],
    )
