"""Idempotency-Key when owners die: after a restart, between effect and answer, and when the key's day is over."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually
from tests.support.repeats.case import Mutation, World, answer_of, is_replay, send
from tests.support.repeats.kills import Story, killed_before_answers, send_patiently
from tests.support.repeats.table import ROWS

# The first test of the module waits until every owner has been killed and is back.
pytestmark = pytest.mark.timeout(400)
every_row = pytest.mark.parametrize("row", ROWS, ids=str)


@pytest.fixture(scope="module")
def stories(world: World) -> dict[str, Story]:
    """What happened to the requests of each row, by its name."""
    return killed_before_answers(world, ROWS)


@every_row
def test_an_answer_is_given_again_after_a_restart(row: Mutation, stories: dict[str, Story]) -> None:
    story = stories[row.rpc]
    seen = story.answered.seen()
    again = send_patiently(story.answered, story.answered_key)
    assert row.core(answer_of(again)) == row.core(story.first)
    assert is_replay(again)
    assert story.answered.seen() == seen


@every_row
def test_an_effect_whose_answer_was_lost_is_not_repeated(row: Mutation, stories: dict[str, Story]) -> None:
    story = stories[row.rpc]
    assert story.lost_status in {503, 504}, "the answer was to be lost"
    seen = story.lost.seen()
    assert seen != story.lost_before, "the owner was killed before it committed"
    answers = [send_patiently(story.lost, story.lost_key) for _ in range(2)]
    assert [is_replay(answer) for answer in answers] == [True, True]
    assert row.core(answer_of(answers[0])) == row.core(answer_of(answers[1]))
    assert story.lost.seen() == seen


@every_row
def test_a_key_is_new_again_when_its_day_is_over(row: Mutation, stories: dict[str, Story]) -> None:
    story = stories[row.rpc]
    case, ask = story.old, story.old.other or story.old.ask

    def is_new() -> bool:
        response = send(case, ask, story.old_key)
        # Until it is swept some owners still know it.
        assert response.is_success, response.text
        return not is_replay(response)

    assert eventually(is_new)
    assert is_replay(send(case, ask, story.old_key))
