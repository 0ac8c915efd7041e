"""What a run had to keep, held against what it found."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from local.chaos.books import Books
from local.chaos.kinds import is_store
from local.chaos.records import Placed, Records, Struck
from local.chaos.settling import FINISHED_WITHIN_S, UNFINISHED, Settled

AVAILABILITY: Final = 0.99
WINDOW_S: Final = 30.0
"""An outage of this length can't hide behind the rest of a long run."""
RECOVERY_S: Final = 10.0
STORE_RECOVERY_S: Final = 20.0
PENDING: Final = "ORDER_STATE_PENDING"
LATER: Final[Mapping[str, frozenset[str]]] = {
    "ORDER_STATE_CONFIRMED": frozenset({"ORDER_STATE_CONFIRMED", "ORDER_STATE_FULFILLED"}),
    "ORDER_STATE_REJECTED": frozenset({"ORDER_STATE_REJECTED"}),
    "ORDER_STATE_CANCELLING": frozenset({"ORDER_STATE_CANCELLING", "ORDER_STATE_CANCELLED"}),
    "ORDER_STATE_CANCELLED": frozenset({"ORDER_STATE_CANCELLED"}),
    "ORDER_STATE_FULFILLED": frozenset({"ORDER_STATE_FULFILLED"}),
}
"""State that was told → states it may have afterwards, if nobody asks for its end. PENDING may become anything."""
IF_ASKED: Final = frozenset({"ORDER_STATE_CANCELLING", "ORDER_STATE_CANCELLED"})


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that must hold, what was found, and each case that breaks it."""

    name: str
    limit: str
    found: str
    kept: bool
    cases: Sequence[str] = field(default_factory=tuple)
    timed: bool = False
    """Whether it is about how long something takes, which a slow machine breaks, too."""


def judge(records: Records, settled: Settled, books: Books | None, unready: Sequence[str]) -> list[Promise]:
    """All promises. `books` is None when there was no audit, which breaks what only it can tell."""
    troubles = [f"{_title(each)}: {each.trouble}" for each in records.struck if each.trouble]
    troubles += [f"{name} is not ready at the end" for name in unready]
    return [
        _none("acknowledged orders lost", lost(records.orders, settled)),
        _none("orders nobody placed", strangers(records.orders, settled)),
        _none("double charges", _found(books, "charged-once")),
        _none("oversold units", _found(books, "stock-")),
        _none("other violations in the books", _others(books)),
        _repeated(books),
        _finished(settled),
        _none("answers that must never be given", records.odd),
        _available(records),
        _available_at_worst(records),
        _recovered(records.struck, stores=False),
        _recovered(records.struck, stores=True),
        _none("faults that could not be done or undone", troubles),
    ]


def lost(orders: Sequence[Placed], settled: Settled) -> list[str]:
    """Orders that were promised and are gone, or stand otherwise than they may after what was told."""
    wrong = []
    for each in orders:
        if not each.order_id:
            if not each.told:
                wrong.append(
                    f"the order with key {each.key} was never answered, not even after the last fault"
                )
            continue
        now = settled.states.get(each.order_id)
        if now is None:
            wrong.append(f"{each.order_id} was told as {each.told} and is gone")
        elif not _legal(each, now):
            wrong.append(f"{each.order_id} was told as {each.told} and is {now}")
    return wrong


def _legal(placed: Placed, now: str) -> bool:
    if placed.told == PENDING:
        return True
    allowed = LATER.get(placed.told, frozenset())
    if placed.may_be_cancelled and placed.told == "ORDER_STATE_CONFIRMED":
        allowed |= IF_ASKED
    return now in allowed


def strangers(orders: Sequence[Placed], settled: Settled) -> list[str]:
    """Orders that the shop has and no client was told of: one key must have made two."""
    known = {each.order_id for each in orders}
    return [f"{order} ({state})" for order, state in settled.states.items() if order not in known]


def _none(name: str, cases: Sequence[str] | None) -> Promise:
    if cases is None:
        return Promise(name, "0", "not audited", False)
    return Promise(name, "0", f"{len(cases):,}", not cases, tuple(cases))


def _found(books: Books | None, prefix: str) -> list[str] | None:
    if books is None or not any(name.startswith(prefix) for name in books.checked):
        return None
    return [
        f"{name}: {case}"
        for name, cases in books.violations.items()
        if name.startswith(prefix)
        for case in cases
    ]


def _others(books: Books | None) -> list[str] | None:
    if books is None:
        return None
    apart = ("charged-once", "stock-")
    found = [
        f"{name}: {case}"
        for name, cases in books.violations.items()
        if not name.startswith(apart)
        for case in cases
    ]
    return found + ([books.note] if books.note else [])


def _repeated(books: Books | None) -> Promise:
    found = "not audited" if books is None else f"{books.repeated_mails:,}"
    return Promise("mails sent again, their recording being lost", "told only", found, True)


def _finished(settled: Settled) -> Promise:
    name = f"orders unfinished {FINISHED_WITHIN_S:g} s after the last fault"
    cases = [f"{order} is {settled.states[order]}" for order in settled.unfinished]
    assert all(settled.states[order] in UNFINISHED for order in settled.unfinished)
    took = f" (seen {settled.finished_after_s:.0f} s after it)" if settled.finished_after_s else ""
    return Promise(name, "0", f"{len(cases):,}{took}", not cases, tuple(cases))


def availability(records: Records) -> float:
    """The share of visits that got their page, repeats of the client included; 1 without any."""
    visits = [each.served for each in records.requests if each.what == "browse" and each.tries]
    return sum(visits) / len(visits) if visits else 1.0


def _available(records: Records) -> Promise:
    share = availability(records)
    return Promise(
        "availability of browsing", f"≥ {AVAILABILITY:.0%}", f"{share:.2%}", share >= AVAILABILITY, timed=True
    )


def worst_window(records: Records) -> tuple[float, float]:
    """The share of visits that got their page in the worst WINDOW_S, and when that began, in seconds of the run.

    Of a shorter run it is the share of all.
    """
    visits = sorted(
        (each.began_s, each.served) for each in records.requests if each.what == "browse" and each.tries
    )
    if not visits:
        return 1.0, 0.0
    starts = [began for began, _ in visits]
    good = [0, *accumulate(served for _, served in visits)]
    full = starts[0] + WINDOW_S
    ends = [full, *starts[bisect_left(starts, full) :]]
    windows = []
    for end in ends:
        first, after = bisect_left(starts, end - WINDOW_S), bisect_right(starts, end)
        windows.append(((good[after] - good[first]) / (after - first), end - WINDOW_S))
    return min(windows)


def _available_at_worst(records: Records) -> Promise:
    share, since_s = worst_window(records)
    return Promise(
        f"availability of browsing in its worst {WINDOW_S:g} s",
        f"≥ {AVAILABILITY:.0%}",
        f"{share:.2%}" + (f", from {since_s:.0f} s on" if share < 1 else ""),
        share >= AVAILABILITY,
        timed=True,
    )


def _recovered(struck: Sequence[Struck], *, stores: bool) -> Promise:
    limit = STORE_RECOVERY_S if stores else RECOVERY_S
    name = "orders well again after kill -9 of " + ("a store" if stores else "any other process")
    faults = [
        each for each in struck if each.strike.kind == "kill" and is_store(each.strike.target) == stores
    ]
    late = [each for each in faults if each.recovery_s is None or each.recovery_s > limit]
    cases = tuple(
        f"{_title(each)}: " + ("not seen" if each.recovery_s is None else f"{each.recovery_s:.1f} s")
        for each in late
    )
    times = [each.recovery_s for each in faults if each.recovery_s is not None]
    worst = f"at most {max(times):.1f} s" if times else "never seen"
    found = f"{worst}, {len(faults)} faults" if faults else "no such fault"
    return Promise(name, f"≤ {limit:g} s", found, not late, cases, timed=True)


def _title(struck: Struck) -> str:
    strike = struck.strike
    return f"fault {strike.number} ({strike.kind} {strike.target} {strike.amount}".rstrip() + ")"
