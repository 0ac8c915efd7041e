"""What an invariant says of one thing, and what is said of all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Figure = int | str
V = TypeVar("V", int, int | str)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks an invariant: its id, what is wrong in words, and the figures that show it."""

    id: str
    what: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found for one thing; `figures` are summed over all things."""

    violations: tuple[Violation, ...] = ()
    figures: Mapping[str, int] = field(default_factory=dict)


def judged(*found: Violation | None, **figures: int) -> Verdict:
    """The verdict of several looks, of which those that found nothing gave None."""
    return Verdict(tuple(each for each in found if each is not None), _named(figures))


def broken(subject: str, what: str, **figures: Figure) -> Violation:
    """A violation; an underscore in a figure's name is a space."""
    return Violation(subject, what, _named(figures))


def broken_if(condition: bool, subject: str, what: str, **figures: Figure) -> Violation | None:
    """A violation when the condition holds."""
    return broken(subject, what, **figures) if condition else None


def unequal(subject: str, what: str, **figures: Figure) -> Violation | None:
    """A violation unless all the figures are the same."""
    return broken_if(len(set(figures.values())) > 1, subject, what, **figures)


def _named(figures: Mapping[str, V]) -> dict[str, V]:
    return {name.replace("_", " "): value for name, value in figures.items()}


@dataclass(slots=True)
class Result:
    """One invariant over everything it was asked of.

    `unsettled` things were still moving and not judged. `skipped` says why nothing could be judged at all.
    """

    name: str
    meaning: str
    checked: int = 0
    unsettled: int = 0
    figures: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    skipped: str = ""

    def add(self, verdict: Verdict) -> None:
        """Counts one more thing."""
        self.checked += 1
        self.violations.extend(verdict.violations)
        for name, value in verdict.figures.items():
            self.figures[name] = self.figures.get(name, 0) + value
