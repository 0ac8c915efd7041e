"""What is kept beside: customers' figures, and answers to idempotency keys."""

from __future__ import annotations

from local.audit.cases import CustomerCase, KeyCase
from local.audit.rules import Rules
from local.audit.verdict import Verdict, broken_if, judged, unequal


def customers_agree(case: CustomerCase, _: Rules) -> Verdict | None:
    """A customer's open amount, order count, lifetime value and points are what their orders add up to."""
    kept, summed = case.kept, case.summed
    pairs = {
        "open amount": (kept.open_amount, summed.open_amount),
        "order count": (kept.order_count, summed.order_count),
        "lifetime value": (kept.lifetime_value, summed.lifetime_value),
        "loyalty points": (kept.loyalty_points, summed.loyalty_points),
    }
    return judged(
        *(
            unequal(case.id, f"{name} is not what the orders say", kept=have, orders=due)
            for name, (have, due) in pairs.items()
        ),
        orders=kept.order_count,
        lifetime_value=kept.lifetime_value,
        points=kept.loyalty_points,
    )


def keys_point(case: KeyCase, _: Rules) -> Verdict | None:
    """Every kept answer tells of an order or refund that is there."""
    return judged(
        broken_if(
            not case.exists,
            case.id,
            f"{case.service} kept an answer about what is not there",
            points_to=case.points_to or "nothing",
        ),
        **{case.service: 1},
    )
