"""Nothing is done before somebody has said so."""

from __future__ import annotations

import io

import pytest

from local.errors import LocalError
from local.view.asking import confirmed


class Typing(io.StringIO):
    """Somebody at a terminal, and what they type."""

    def isatty(self) -> bool:
        """They are there."""
        return True


@pytest.mark.parametrize(("typed", "meant"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, typed: str, meant: bool) -> None:
    monkeypatch.setattr("sys.stdin", Typing(typed))
    assert confirmed("really?", yes=False) is meant


def test_in_a_pipe_only_the_flag_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert confirmed("really?", yes=True)
    with pytest.raises(LocalError, match="there is no terminal to ask on, repeat with --yes"):
        confirmed("really?", yes=False)
