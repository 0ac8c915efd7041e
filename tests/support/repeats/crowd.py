"""The same request with the same key, many times at the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.support.repeats.case import Mutation, World, answer_of, fresh_key, is_replay, problem_code, send

AT_ONCE: Final = 6


def one_effect_of_many(row: Mutation, world: World, gateways: Sequence[str] = ("",)) -> None:
    """Asserts that one of them has the effect, and that all who are answered get its answer.

    They go to the gateways in turn; "" is the mesh's first.
    """
    case, key = row.prepare(world, 0), fresh_key()
    nothing = case.seen()
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        responses = list(
            crowd.map(
                lambda number: send(case, case.ask, key, gateways[number % len(gateways)]), range(AT_ONCE)
            )
        )
    refused = [response for response in responses if response.status_code == 409]
    late = [response for response in responses if response.status_code == 504]  # on a busy machine
    answered = [response for response in responses if response.status_code not in {409, 504}]
    assert {problem_code(response)[1] for response in refused} <= {"REQUEST_IN_PROGRESS"}
    answers = [row.core(answer_of(response)) for response in [*answered, send(case, case.ask, key)]]
    assert all(answer == answers[0] for answer in answers)
    firsts = [is_replay(response) for response in answered].count(False)
    assert firsts == 1 or (firsts == 0 and late)
    seen = case.seen()
    assert seen != nothing
    assert row.core(answer_of(send(case, case.ask, key))) == answers[0]
    assert case.seen() == seen
