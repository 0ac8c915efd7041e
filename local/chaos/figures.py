"""A run in numbers: what the report's tables and its JSON show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local.chaos.books import Books
from local.chaos.records import Records, Struck, Try
from local.chaos.settling import Settled
from local.chaos.verdict import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything a report tells of."""

    seed: int
    seconds: float
    rate: float
    machine: str
    began: str
    kinds: Sequence[str]
    planned: int
    records: Records
    settled: Settled
    books: Books | None
    promises: Sequence[Promise]

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return all(promise.kept for promise in self.promises)


def by_request(records: Records) -> list[dict[str, Any]]:
    """For each kind of request: how many, how many served, tries, and latencies of tries that were served."""
    rows = []
    for what in sorted({each.what for each in records.requests}):
        mine = [each for each in records.requests if each.what == what and each.tries]
        tries = records.tries(what)
        served = sorted(each.took_s * 1000 for each in tries if each.served)
        rows.append(
            {
                "what": what,
                "requests": len(mine),
                "served": sum(each.served for each in mine),
                "served_at_first": sum(each.tries[0].served for each in mine),
                "tries": len(tries),
                **{f"p{share}_ms": round(_percentile(served, share / 100), 1) for share in (50, 99)},
            }
        )
    return rows


def _percentile(values: Sequence[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def answers(records: Records) -> list[tuple[str, int]]:
    """How orders ended: states in the end, refusals, and silence."""
    return Counter(
        each.told.removeprefix("ORDER_STATE_") or "no answer" for each in records.orders
    ).most_common()


def failures(tries: Sequence[Try]) -> list[tuple[str, int]]:
    """What went wrong with tries, most frequent first."""
    return Counter(f"{each.status} {each.code}".strip() for each in tries if not each.served).most_common(12)


def fault_row(struck: Struck) -> dict[str, Any]:
    """One fault as it was."""
    strike = struck.strike
    return {
        "number": strike.number,
        "kind": strike.kind,
        "target": strike.target,
        "amount": strike.amount,
        "planned_at_s": strike.at_s,
        "began_s": round(struck.began_s, 1),
        "ended_s": round(struck.ended_s, 1),
        "recovery_s": None if struck.recovery_s is None else round(struck.recovery_s, 2),
        "trouble": struck.trouble,
    }


def by_kind(records: Records) -> list[dict[str, Any]]:
    """For each kind of fault: how many, and recovery times."""
    rows = []
    for kind in sorted({each.strike.kind for each in records.struck}):
        mine = [each for each in records.struck if each.strike.kind == kind]
        times = sorted(each.recovery_s for each in mine if each.recovery_s is not None)
        rows.append(
            {
                "kind": kind,
                "faults": len(mine),
                "targets": len({each.strike.target for each in mine}),
                "recovery_median_s": round(_percentile(times, 0.5), 2) if times else None,
                "recovery_worst_s": round(times[-1], 2) if times else None,
                "recovery_not_seen": len(mine) - len(times),
            }
        )
    return rows


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The whole run as one document."""
    records, books = outcome.records, outcome.books
    return {
        "seed": outcome.seed,
        "began": outcome.began,
        "seconds": outcome.seconds,
        "orders_per_second": outcome.rate,
        "machine": outcome.machine,
        "kept": outcome.kept,
        "promises": [
            {
                "name": each.name,
                "limit": each.limit,
                "found": each.found,
                "kept": each.kept,
                "timed": each.timed,
                "cases": list(each.cases),
            }
            for each in outcome.promises
        ],
        "faults_planned": outcome.planned,
        "faults": [fault_row(each) for each in records.struck],
        "by_kind": by_kind(records),
        "requests": by_request(records),
        "orders": dict(answers(records)),
        "failed_tries": {what: dict(failures(records.tries(what))) for what in ("order", "browse")},
        "audit": None
        if books is None
        else {
            "exit_code": books.exit_code,
            "checked": books.checked,
            "violations": books.violations,
            "repeated_mails": books.repeated_mails,
        },
    }
