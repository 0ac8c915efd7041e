"""The table of transitions, pair by pair."""

from __future__ import annotations

import itertools

import pytest

from order.domain.errors import IllegalTransition
from order.domain.states import BOUGHT, TRANSITIONS, UNSETTLED, OrderState, moved
from services.order.tests.builders import NOW, an_order

LEGAL = {
    ("PENDING", "CONFIRMED"),
    ("PENDING", "REJECTED"),
    ("PENDING", "CANCELLED"),
    ("CONFIRMED", "CANCELLING"),
    ("CONFIRMED", "FULFILLED"),
    ("CANCELLING", "CANCELLED"),
}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(OrderState, OrderState)))
def test_only_the_documented_transitions_are_possible(source: OrderState, target: OrderState) -> None:
    if (source.value, target.value) in LEGAL:
        assert moved(source, target) is target
    else:
        with pytest.raises(IllegalTransition) as error:
            moved(source, target)
        assert error.value.metadata == {"source": source.value, "target": target.value}


def test_unsettled_states_are_those_that_money_may_still_move_for() -> None:
    assert {OrderState.PENDING, OrderState.CANCELLING} == UNSETTLED
    assert {OrderState.CONFIRMED, OrderState.FULFILLED} == BOUGHT
    assert set(TRANSITIONS) == set(OrderState)


def test_an_order_moves_by_the_table_only() -> None:
    order = an_order()
    confirmed = order.confirmed(NOW)
    assert (confirmed.state, confirmed.confirmed_at, confirmed.revision) == (OrderState.CONFIRMED, NOW, 2)
    assert confirmed.cancelling(NOW).cancelled(NOW).state is OrderState.CANCELLED
    for move in (order.cancelling, order.fulfilled, confirmed.confirmed, confirmed.cancelled):
        with pytest.raises(IllegalTransition):
            move(NOW)
