"""Look-ups that share round trips: together under load, alone at rest, and each caller's failure its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from meshkit.coalescing import Coalesced
from meshkit.context import current_deadline, deadline_in


class Store:
    """Answers when told to; knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None
        self.deadlines: list[float | None] = []

    async def fetch(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.asked.append(list(keys))
        self.deadlines.append(current_deadline())
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {key: f"value {key}" for key in keys if key >= 0}


async def turn() -> None:
    """Lets every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_during_a_round_trip_goes_together_with_the_next() -> None:
    store = Store()
    lookups = Coalesced(store.fetch, lanes=1)
    first = asyncio.create_task(lookups.get(0))
    await turn()
    others = [asyncio.create_task(lookups.get(key)) for key in (1, 2, 2, -1)]
    await turn()
    assert store.asked == [[0]]
    store.gate.set()
    assert await first == "value 0"
    assert await asyncio.gather(*others) == ["value 1", "value 2", "value 2", None]
    assert store.asked == [[0], [1, 2, -1]]


async def test_a_question_is_never_answered_by_a_round_trip_that_began_before_it() -> None:
    store = Store()
    lookups = Coalesced(store.fetch, lanes=1)
    before = asyncio.create_task(lookups.get(7))
    await turn()
    after = asyncio.create_task(lookups.get(7))
    store.gate.set()
    await asyncio.gather(before, after)
    assert store.asked == [[7], [7]]


async def test_a_batch_is_bounded() -> None:
    store = Store()
    store.gate.set()
    lookups = Coalesced(store.fetch, max_batch=10, lanes=1)
    answers = await asyncio.gather(*(lookups.get(key) for key in range(25)))
    assert answers == [f"value {key}" for key in range(25)]
    assert [len(keys) for keys in store.asked] == [10, 10, 5]


async def test_as_many_round_trips_at_once_as_there_are_lanes() -> None:
    store = Store()
    lookups = Coalesced(store.fetch, lanes=2)
    tasks = []
    for key in range(4):
        tasks.append(asyncio.create_task(lookups.get(key)))
        await turn()
    assert store.asked == [[0], [1]]
    store.gate.set()
    await asyncio.gather(*tasks)
    assert sorted(store.asked[2:]) == [[2, 3]]


async def test_an_error_reaches_all_that_asked_and_the_next_question_is_asked_anew() -> None:
    store = Store()
    store.gate.set()
    store.error = ValueError("away")
    lookups = Coalesced(store.fetch)
    outcomes = await asyncio.gather(lookups.get(1), lookups.get(2), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["away", "away"]
    store.error = None
    assert await lookups.get(1) == "value 1"


async def test_a_caller_that_gives_up_takes_nobody_with_it() -> None:
    store = Store()
    lookups = Coalesced(store.fetch, lanes=1)
    leaving, staying = (asyncio.create_task(lookups.get(1)) for _ in range(2))
    await turn()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    store.gate.set()
    assert await staying == "value 1"


async def test_no_caller_lends_the_round_trip_its_deadline() -> None:
    store = Store()
    store.gate.set()
    with deadline_in(1.0):
        await Coalesced(store.fetch).get(1)
    assert store.deadlines == [None]
