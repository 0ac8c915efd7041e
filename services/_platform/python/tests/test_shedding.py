"""The limit follows what the server can do in time."""

from __future__ import annotations

import pytest

from meshkit.shedding import LEAST, AdaptiveLimit

BUDGET_S = 4.0


class Server:
    """Calls that come and go, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int = 200) -> None:
        self.now = 1_000.0
        monkeypatch.setattr("meshkit.shedding.time.monotonic", lambda: self.now)
        self.limit = AdaptiveLimit(most)

    def rounds(self, number: int, took_s: float, wanted: int, *, slow_one: bool = False) -> int:
        """`wanted` calls at once, so many times; how many of the last ones were let in."""
        entered = 0
        for _ in range(number):
            started = self.now
            entered = sum(self.limit.enter() for _ in range(wanted))
            self.now += took_s
            for index in range(entered):
                begun = started - (BUDGET_S if slow_one and index == 0 else 0.0)
                self.limit.leave(begun, begun + BUDGET_S)
        return entered


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_calls_that_take_long_shrink_it_to_the_least_and_no_further(server: Server) -> None:
    assert server.rounds(20, took_s=2.0, wanted=100) == LEAST


def test_quick_calls_that_fill_it_let_it_grow_to_the_most(server: Server) -> None:
    server.rounds(20, took_s=2.0, wanted=100)
    assert server.rounds(60, took_s=0.3, wanted=500) == 200


def test_quick_calls_that_leave_room_change_nothing(server: Server) -> None:
    before = server.limit.limit
    server.rounds(50, took_s=0.3, wanted=20)
    assert server.limit.limit == before


def test_a_few_slow_calls_among_quick_ones_mean_nothing(server: Server) -> None:
    before = server.limit.limit
    server.rounds(50, took_s=0.3, wanted=20, slow_one=True)
    assert server.limit.limit == before


def test_it_is_never_above_the_servers_own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch, most=5)
    assert server.rounds(1, took_s=0.1, wanted=50) == 5
    assert server.rounds(30, took_s=3.0, wanted=50) == 5


def test_a_refused_call_takes_no_place(server: Server) -> None:
    places = server.limit.limit
    assert sum(server.limit.enter() for _ in range(places + 10)) == places
    server.limit.leave(server.now, server.now + BUDGET_S)
    assert server.limit.enter()
    assert not server.limit.enter()
