"""One audit: wait for quiet, read everything once, judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.audit.cases import Case
from local.audit.gather import GATHERERS, read
from local.audit.invariants.registry import Invariant
from local.audit.quiet import Calm, wait_for_quiet
from local.audit.rules import Rules
from local.audit.sources import opened
from local.audit.target import Target
from local.audit.verdict import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one audit is asked for; `clock_offset_s` is what the services' clocks are ahead of ours."""

    invariants: Sequence[Invariant[Any]]
    wait_s: float
    settle_s: float
    explained: frozenset[str] = frozenset()
    clock_offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one audit found."""

    target: str
    at: datetime
    calm: Calm
    results: tuple[Result, ...]
    seconds: float
    unread: tuple[str, ...] = ()
    """Services whose books the target does not give."""

    @property
    def violations(self) -> int:
        """Over all invariants."""
        return sum(len(result.violations) for result in self.results)

    @property
    def exit_code(self) -> int:
        """1 for any violation; 2 when nothing was found because not everything could be looked at; else 0."""
        if self.violations:
            return 1
        nothing = all(result.skipped for result in self.results)
        return 2 if nothing or not self.calm.quiet else 0


async def audit(target: Target, plan: Plan, tell: Callable[[str], None]) -> Report:
    """Raises LocalError when a source that the target names can't be read."""
    begun, at = time.monotonic(), datetime.now(UTC)
    results = {
        invariant.name: Result(invariant.name, invariant.meaning, skipped=_missing(invariant, target))
        for invariant in plan.invariants
    }
    active = [invariant for invariant in plan.invariants if not results[invariant.name].skipped]
    async with opened(target) as sources:
        calm = await wait_for_quiet(sources, plan.wait_s, plan.settle_s, tell)
        now, offset = datetime.now(UTC), timedelta(seconds=plan.clock_offset_s)
        rules = Rules(
            now=now + offset,
            cutoff=calm.cutoff + offset,
            quiet=calm.quiet,
            limits=target.limits,
            explained=plan.explained,
        )
        held = await read(sources, now)
        for kind, gather in GATHERERS.items():
            chosen = [(each, results[each.name]) for each in active if each.of is kind]
            if chosen:
                tell(f"reading: {kind.__name__.removesuffix('Case').lower()}s")
                async for case in gather(sources, held):
                    judge(case, chosen, rules)
    return Report(target.name, at, calm, tuple(results.values()), time.monotonic() - begun, target.unread)


def judge(case: Case, chosen: Sequence[tuple[Invariant[Any], Result]], rules: Rules) -> None:
    """Asks each of the invariants about one case, and counts what is still moving instead of judging it."""
    moving = case.changed_at > rules.cutoff
    for invariant, result in chosen:
        verdict = invariant.judge(case, rules)
        if verdict is None:
            continue
        if moving and not invariant.at_any_time:
            result.unsettled += 1
        else:
            result.add(verdict)


def _missing(invariant: Invariant[Any], target: Target) -> str:
    gone = sorted(invariant.needs - target.sources)
    return f"the target has no {', no '.join(gone)}" if gone else ""
