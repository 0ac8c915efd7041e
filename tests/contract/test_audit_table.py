"""What the audit takes as law is what the services do: `local/audit/table.py` against order's own tables and the events."""

from __future__ import annotations

import re
from dataclasses import fields

from local.audit import table
from local.audit.rules import Limits
from order.domain import customer, states, steps, workflow
from tests.support.topology import EVENTS


def test_states_and_transitions_are_the_order_service_s() -> None:
    own = {str(state): frozenset(map(str, targets)) for state, targets in states.TRANSITIONS.items()}
    assert dict(table.TRANSITIONS) == own
    assert frozenset(map(str, states.UNSETTLED)) == table.UNSETTLED
    assert frozenset(map(str, states.BOUGHT)) == table.BOUGHT
    ends = {state for state, targets in own.items() if not targets}
    assert ends - table.BOUGHT == table.UNDONE
    assert table.FIRST_STATE == states.OrderState.PENDING


def test_steps_and_outcomes_are_the_order_service_s() -> None:
    assert frozenset(map(str, steps.Step)) == table.STEPS
    assert frozenset(map(str, workflow.Note)) == table.OUTCOMES
    forward, step = [], steps.FIRST_STEP
    while (rule := steps.RULES.get(step)) and rule.then:
        forward.append(str(step))
        step = rule.then
    assert tuple(forward) == table.FORWARD_STEPS
    assert set(table.LAST_STEP) == table.BOUGHT | table.UNDONE


def test_points_are_the_order_service_s() -> None:
    assert customer.MINOR_UNITS_PER_POINT == table.MINOR_UNITS_PER_POINT


def test_listeners_are_those_of_the_table_of_events() -> None:
    heard: dict[str, set[str]] = {}
    for row in EVENTS:
        for service in row.consumers:
            heard.setdefault(f"{service}-{row.producer}", set()).add(row.subject)
    assert {name: set(subjects) for name, subjects in table.LISTENERS.items()} == heard


def test_limits_leave_the_services_their_own_time() -> None:
    from order.settings import OrderSettings

    own = {name: field.default for name, field in OrderSettings.model_fields.items()}
    limits = Limits()
    assert limits.forward_step_s > own["forward_limit_s"]
    assert limits.backward_step_s > own["park_limit_s"]
    assert all(re.fullmatch(r"[a-z_]+_s", each.name) for each in fields(Limits))
