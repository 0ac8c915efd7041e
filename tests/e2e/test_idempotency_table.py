"""The table of repeated requests is as long as the contracts want it."""

from __future__ import annotations

from tests.support.repeats.contract import asked_to_change
from tests.support.repeats.table import READS, ROWS, WITHOUT_KEY


def test_every_public_mutation_has_a_row() -> None:
    known = [row.rpc for row in ROWS] + sorted(WITHOUT_KEY | READS)
    missing = sorted(asked_to_change().keys() - set(known))
    stale = sorted(set(known) - asked_to_change().keys())
    assert (missing, stale) == ([], []), "add a row to tests/support/repeats, or take it off"
    assert len(known) == len(set(known))


def test_what_has_a_row_takes_a_key_and_nothing_else_does() -> None:
    unset = "IDEMPOTENCY_UNSPECIFIED"
    takes_key = {name for name, rpc in asked_to_change().items() if rpc.idempotency != unset}
    assert takes_key == {row.rpc for row in ROWS}
