"""What workflows do, as metrics (names in `protos/config/telemetry.yaml`) and log lines."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from meshkit.logging import get_logger
from order.app.ports import Backlog
from order.domain.states import OrderState
from order.domain.steps import Done, Outcome, Refused, Step

_OUTCOMES: Final = {Done: "succeeded", Refused: "refused"}
_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)

IN_FLIGHT = Gauge("order_workflows_in_flight", "Workflows that this replica is working on")
PARKED = Gauge("order_workflows_parked", "Workflows that wait for an operator, in the whole service")
OLDEST = Gauge("order_workflow_oldest_age_seconds", "Age of the oldest workflow that has not ended")
STEPS = Counter("order_workflow_steps_total", "Steps by outcome", ("step", "outcome"))
DURATION = Histogram(
    "order_workflow_duration_seconds", "Time from placing to the final state", ("state",), buckets=_BUCKETS
)
log = get_logger()


class PrometheusMeter:
    """The `Meter` of the process."""

    def step(self, step: Step, outcome: Outcome) -> None:
        """Counts one call of a step."""
        STEPS.labels(step, _OUTCOMES.get(type(outcome), "unclear")).inc()

    def ended(self, state: OrderState, seconds: float) -> None:
        """Observes one workflow that came to its end."""
        DURATION.labels(state).observe(seconds)

    def parked(self, order_id: str, step: Step, reason: str) -> None:
        """One workflow needs an operator: see the runbook."""
        log.error("workflow parked", order_id=order_id, step=step, reason=reason)

    def backlog(self, backlog: Backlog) -> None:
        """Shows what the store says; the same from every replica."""
        PARKED.set(backlog.parked)
        OLDEST.set(backlog.oldest_s)
