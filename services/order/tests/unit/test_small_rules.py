"""Backoff, wishes to cancel, sealed tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order.adapters.token_seal import TokenSeal
from order.domain.backoff import MOST_S, backoff_s
from order.domain.cancelling import Wish, plan_cancel
from order.domain.errors import OrderNotCancellable
from order.domain.workflow import Goal, Status, placing
from services.order.tests.builders import NOW, TOKEN, an_order


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_to_their_limit_and_are_spread(attempt: int, jitter: float) -> None:
    wait = backoff_s(attempt, jitter)
    assert 0.05 <= wait <= MOST_S
    assert backoff_s(attempt, 0.0) <= wait <= 2 * backoff_s(attempt, 0.0)
    assert backoff_s(attempt + 1, jitter) >= wait


def test_a_pending_order_that_is_being_rejected_is_not_marked() -> None:
    order = an_order()
    flow, _ = placing(order, TOKEN, NOW)
    assert plan_cancel(order, flow, NOW).wish is Wish.MARKED
    assert plan_cancel(order, replace(flow, goal=Goal.REJECT), NOW).wish is Wish.NOTHING


def test_only_what_is_over_cannot_be_cancelled() -> None:
    order = an_order()
    flow = replace(placing(order, TOKEN, NOW)[0], status=Status.DONE)
    confirmed = order.confirmed(NOW)
    assert plan_cancel(confirmed, flow, NOW).wish is Wish.OPENED
    assert plan_cancel(confirmed.cancelling(NOW), flow, NOW).wish is Wish.NOTHING
    assert plan_cancel(confirmed.cancelling(NOW).cancelled(NOW), flow, NOW).wish is Wish.NOTHING
    for over in (order.rejected("X", NOW), confirmed.fulfilled(NOW)):
        with pytest.raises(OrderNotCancellable) as error:
            plan_cancel(over, flow, NOW)
        assert error.value.metadata["state"] == over.state


@given(st.text(min_size=1, max_size=255))
def test_a_sealed_token_opens_for_its_order_and_its_key_only(token: str) -> None:
    seal = TokenSeal("secret")
    sealed = seal.seal("order-1", token)
    assert sealed is not None
    assert seal.open("order-1", sealed) == token
    assert seal.open("order-2", sealed) is None
    assert TokenSeal("other").open("order-1", sealed) is None
    assert seal.seal("order-1", None) is None
    assert seal.open("order-1", None) is None
