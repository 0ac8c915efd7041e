"""Idempotency-Key on every public mutation: repeated, reused, at once, by others, missing, malformed."""

from __future__ import annotations

import pytest

from tests.support.repeats.case import (
    Mutation,
    World,
    answer_of,
    fresh_key,
    is_replay,
    problem_code,
    send,
)
from tests.support.repeats.contract import asked_to_change
from tests.support.repeats.crowd import one_effect_of_many
from tests.support.repeats.table import ROWS

MALFORMED = {
    "empty": b"",
    "too long": b"k" * 129,
    "a space": b"a b",
    "not ASCII": "schlüssel".encode(),
}
NEEDS_KEY = {name for name, rpc in asked_to_change().items() if rpc.idempotency == "IDEMPOTENCY_REQUIRED"}

every_row = pytest.mark.parametrize("row", ROWS, ids=str)


@every_row
def test_a_repeat_gets_the_first_answer_and_changes_nothing(row: Mutation, world: World) -> None:
    case, key = row.prepare(world, 0), fresh_key()
    nothing = case.seen()
    first = send(case, case.ask, key)
    answer, seen = answer_of(first), case.seen()
    assert not is_replay(first)
    assert seen != nothing, "the effect can't be seen"
    if case.other:
        assert problem_code(send(case, case.other, key)) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert case.seen() == seen
        # What happens in between is left alone by the repeat.
        another = send(case, case.other, fresh_key())
        answer_of(another)
        assert not is_replay(another)
        seen, before = case.seen(), seen
        assert seen != before
    again = send(case, case.ask, key)
    assert row.core(answer_of(again)) == row.core(answer)
    assert again.status_code == first.status_code
    assert is_replay(again)
    assert case.seen() == seen


@every_row
def test_of_many_at_once_one_has_the_effect(row: Mutation, world: World) -> None:
    one_effect_of_many(row, world)


@every_row
def test_a_key_is_each_caller_s_own(row: Mutation, world: World) -> None:
    key = fresh_key()
    for caller in (0, 1):
        case = row.prepare(world, caller)
        nothing = case.seen()
        response = send(case, case.ask, key)
        assert not is_replay(response)
        answer_of(response)
        assert case.seen() != nothing


@every_row
def test_a_malformed_or_missing_key_is_refused_before_any_effect(row: Mutation, world: World) -> None:
    case = row.prepare(world, 0)
    nothing = case.seen()
    for what, key in MALFORMED.items():
        assert problem_code(send(case, case.ask, key)) == (400, "IDEMPOTENCY_KEY_INVALID"), what
    if row.rpc in NEEDS_KEY:
        assert problem_code(send(case, case.ask, None)) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert case.seen() == nothing
    if row.rpc not in NEEDS_KEY:
        response = send(case, case.ask, None)
        answer_of(response)
        assert not is_replay(response)
        assert case.seen() != nothing
