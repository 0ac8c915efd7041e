"""What a run judges by: the time it is, what counts as settled, and how long things may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long work may take, in seconds; a target file may set each. Above the services' own defaults by a margin."""

    sweep_s: float = 10.0
    """A reservation may be held so long beyond its expiry."""
    outbox_s: float = 30.0
    """An event may wait so long for its publication."""
    lag_s: float = 300.0
    """A consumer may be so far behind."""
    forward_step_s: float = 120.0
    """A step towards confirmation; the service turns round after 60 s."""
    backward_step_s: float = 3700.0
    """A void, refund or release; the service parks it after 3600 s."""
    charge_s: float = 300.0
    """A charge may be unknown so long."""
    refund_s: float = 3700.0
    """A refund may be under way so long."""
    delivery_s: float = 1800.0
    """A message may be tried so long."""
    label_s: float = 900.0
    """A shipment may wait so long for its label, or for the label to be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`now` by the services' clocks. What changed after `cutoff` is still moving, and not judged.

    `quiet` says that nothing was under way when the books were opened. `explained` are event ids of dead letters that
    somebody has looked into.
    """

    now: datetime
    cutoff: datetime
    quiet: bool
    limits: Limits = field(default_factory=Limits)
    explained: frozenset[str] = frozenset()

    def older(self, since: datetime, limit_s: float) -> bool:
        """Whether `since` is more than the limit ago."""
        return self.now - since > timedelta(seconds=limit_s)

    def age_s(self, since: datetime) -> int:
        """Whole seconds since then."""
        return int((self.now - since).total_seconds())
