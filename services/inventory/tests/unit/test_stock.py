"""Levels always balance, and reservations only take legal turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product as pairs

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inventory.domain.errors import ReservationEnded
from inventory.domain.reservation import TRANSITIONS, Reservation, State
from inventory.domain.stock import Stock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNITS = st.integers(1, 50)


class Levels(RuleBasedStateMachine):
    """Any legal sequence of changes keeps the books."""

    def __init__(self) -> None:
        super().__init__()
        self.stock = Stock(product_id="p", updated_at=NOW)

    @rule(units=UNITS)
    def receive(self, units: int) -> None:
        self.stock = self.stock.receive(units, NOW)

    @rule(on_hand=st.integers(0, 100), safety=st.none() | st.integers(0, 20))
    def adjust(self, on_hand: int, safety: int | None) -> None:
        self.stock = self.stock.adjust(on_hand, safety, NOW)

    @precondition(lambda self: self.stock.available > 0)
    @rule(data=st.data())
    def reserve(self, data: st.DataObject) -> None:
        self.stock = self.stock.reserve(data.draw(st.integers(1, self.stock.available)), NOW)

    @precondition(lambda self: self.stock.reserved > 0)
    @rule(data=st.data(), sell=st.booleans())
    def settle(self, data: st.DataObject, sell: bool) -> None:
        units = data.draw(st.integers(1, self.stock.reserved))
        self.stock = self.stock.sell(units, NOW) if sell else self.stock.give_back(units, NOW)

    @precondition(lambda self: self.stock.sold > self.stock.restocked)
    @rule(data=st.data())
    def restock(self, data: st.DataObject) -> None:
        units = data.draw(st.integers(1, self.stock.sold - self.stock.restocked))
        self.stock = self.stock.restock(units, NOW)

    @invariant()
    def balances(self) -> None:
        stock = self.stock
        assert stock.received + stock.restocked == stock.on_hand + stock.reserved + stock.sold
        assert 0 <= stock.available <= stock.on_hand


TestLevels = Levels.TestCase


def test_levels_that_do_not_balance_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="does not balance"):
        Stock(product_id="p", updated_at=NOW, on_hand=1)
    with pytest.raises(ValueError, match="below 0"):
        Stock(product_id="p", updated_at=NOW).reserve(1, NOW)


def _reservation(state: State) -> Reservation:
    return Reservation(
        order_id="o",
        state=state,
        expires_at=NOW + timedelta(minutes=1),
        created_at=NOW,
        updated_at=NOW,
        items={"p": 1},
    )


@pytest.mark.parametrize(("before", "after"), list(pairs(State, State)))
def test_only_the_table_s_transitions_happen(before: State, after: State) -> None:
    reservation = _reservation(before)
    if after in TRANSITIONS[before]:
        assert reservation.become(after, NOW).state is after
    else:
        with pytest.raises(ReservationEnded):
            reservation.become(after, NOW)


def test_only_held_reservations_expire() -> None:
    late = NOW + timedelta(minutes=1)
    assert _reservation(State.HELD).expired(late)
    assert not _reservation(State.HELD).expired(late - timedelta(microseconds=1))
    assert not _reservation(State.COMMITTED).expired(late)
