"""The seeded schedule: every kind once, then every kind on every target, in random order and bounded overlap."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from local.chaos.kinds import Field, Kind, Strike, is_store, touched

WARM_UP_S: Final = 5.0
"""Load without faults at the beginning, to compare with."""
CALM_S: Final = 12.0
"""After a fault that is to be alone: the 10 s in which all must work again, and a little."""
STORE_CALM_S: Final = 22.0
BEFORE_ALONE_S: Final = 4.0
SPACING_S: Final = (3.0, 7.5)
"""From one fault's start to the next one's."""
AT_ONCE: Final = 2


@dataclass(slots=True)
class _Deck:
    """All targets and amounts of one kind in random order, dealt again from a new shuffle when it is empty."""

    kind: Kind
    targets: Sequence[str]
    dice: random.Random
    dealt: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much of the deck was dealt."""
        return self.dealt / len(self.targets)

    def deal(self) -> tuple[str, str]:
        """The next target, and what is done to it."""
        if not self.left:
            self.left = list(self.targets)
            self.dice.shuffle(self.left)
        self.dealt += 1
        return self.left.pop(), self.dice.choice(self.kind.amounts)


def plan(seed: int, seconds: float, kinds: Sequence[Kind], where: Field) -> list[Strike]:
    """The faults of a run of `seconds`, by start; the same arguments give the same plan.

    A fault ends before the run does. Kinds without a target are left out.
    """
    dice = random.Random(seed)  # noqa: S311 - a schedule, no secret
    decks = [_Deck(kind, targets, dice) for kind in kinds if (targets := sorted(kind.targets(where)))]
    strikes: list[Strike] = []
    start = WARM_UP_S
    for deck in _turns(decks, dice):
        target, amount = deck.deal()
        lasts = round(dice.uniform(*deck.kind.lasts_s), 1)
        start = _earliest(start, deck.kind, touched(target), strikes)
        calm = calm_s(target) if deck.kind.alone else 0.0
        if start + lasts + calm > seconds:
            return strikes
        strikes.append(
            Strike(
                number=len(strikes) + 1,
                at_s=round(start, 1),
                lasts_s=lasts,
                kind=deck.kind.name,
                target=target,
                amount=amount,
                touches=touched(target),
            )
        )
        start += lasts + calm if deck.kind.alone else dice.uniform(*SPACING_S)
    return strikes


def calm_s(target: str) -> float:
    """How long nothing else happens after a fault that is alone."""
    return STORE_CALM_S if is_store(target) else CALM_S


def _turns(decks: Sequence[_Deck], dice: random.Random) -> Iterator[_Deck]:
    """One of each kind, then always a kind of which the smallest share was dealt; for ever."""
    first = list(decks)
    dice.shuffle(first)
    yield from first
    while decks:
        least = min(deck.share for deck in decks)
        yield dice.choice([deck for deck in decks if deck.share <= least + 0.02])


def _earliest(start: float, kind: Kind, touches: frozenset[str], before: Sequence[Strike]) -> float:
    """From `start` on: alone after all others have ended, else beside at most one that touches nothing of the same."""
    ends = sorted(each.at_s + each.lasts_s for each in before if each.at_s + each.lasts_s > start)
    if kind.alone:
        return max(start, ends[-1] + BEFORE_ALONE_S) if ends else start + BEFORE_ALONE_S
    while True:
        active = [each for each in before if each.at_s <= start < each.at_s + each.lasts_s]
        clash = [each for each in active if each.touches & touches]
        if not clash and len(active) < AT_ONCE:
            return start
        start = min(each.at_s + each.lasts_s for each in (clash or active)) + 0.1
