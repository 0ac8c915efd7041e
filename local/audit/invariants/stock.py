"""Units: no one appears or vanishes, and what is set aside or sold is what orders say."""

from __future__ import annotations

from local.audit.cases import OrderCase, StockCase
from local.audit.rules import Rules
from local.audit.verdict import Verdict, broken, broken_if, judged, unequal


def stock_balances(case: StockCase, _: Rules) -> Verdict | None:
    """received = on hand + reserved + sold − restocked, for each product."""
    if case.levels is None:
        return None
    level = case.levels
    return judged(
        unequal(
            case.id,
            "its levels do not add up",
            received=level.received,
            on_hand_reserved_and_sold_less_restocked=level.on_hand
            + level.reserved
            + level.sold
            - level.restocked,
        ),
        received=level.received,
        on_hand=level.on_hand,
        reserved=level.reserved,
        sold=level.sold,
        restocked=level.restocked,
    )


def stock_moved(case: StockCase, _: Rules) -> Verdict | None:
    """Each level is what the product's movements add up to."""
    if case.levels is None:
        return judged(broken(case.id, "it has movements and no levels")) if case.moved else None
    level, moved = case.levels, case.moved
    reserved, sold, back = (moved.get(cause, 0) for cause in ("reserved", "committed", "restocked"))
    given_back = moved.get("released", 0) + moved.get("expired", 0)
    received = moved.get("received", 0) + moved.get("adjusted", 0)
    by_movements = {
        "received": received,
        "on_hand": received - reserved + given_back + back,
        "reserved": reserved - sold - given_back,
        "sold": sold,
        "restocked": back,
    }
    return judged(
        *(
            unequal(
                case.id,
                f"units {name.replace('_', ' ')} are not what its movements add up to",
                level=getattr(level, name),
                movements=units,
            )
            for name, units in by_movements.items()
        )
    )


def stock_reserved(case: StockCase, _: Rules) -> Verdict | None:
    """Reserved, sold and restocked units are those of the reservations that are held, committed, restocked."""
    if case.levels is None:
        return None
    level = case.levels
    return judged(
        unequal(case.id, "reserved units have no reservation", level=level.reserved, held=case.held_units),
        unequal(case.id, "sold units have no reservation", level=level.sold, committed=case.sold_units),
        unequal(
            case.id,
            "restocked units have no reservation",
            level=level.restocked,
            restocked=case.restocked_units,
        ),
        held=case.held_units,
    )


def stock_ordered(case: StockCase, _: Rules) -> Verdict | None:
    """Units sold and not restocked are the lines of confirmed and fulfilled orders."""
    if case.moving_orders:
        return None
    sold = case.levels.sold - case.levels.restocked if case.levels else 0
    return judged(
        unequal(
            case.id,
            "units sold are not those of confirmed orders",
            sold_less_restocked=sold,
            ordered=case.ordered_units,
        ),
        sold_less_restocked=sold,
        ordered=case.ordered_units,
    )


def reservations_in_time(case: OrderCase, rules: Rules) -> Verdict | None:
    """No reservation is held beyond its expiry by more than the sweep takes."""
    if not case.reservations:
        return None
    held = [each for each in case.reservations if each.state == "held"]
    return judged(
        *(
            broken_if(
                rules.older(each.expires_at, rules.limits.sweep_s),
                case.id,
                "its reservation is still held",
                expired_s_ago=rules.age_s(each.expires_at),
                limit_s=int(rules.limits.sweep_s),
            )
            for each in held
        ),
        held=len(held),
    )


def reservations_agree(case: OrderCase, _: Rules) -> Verdict | None:
    """A confirmed order has one committed reservation with exactly its lines; any other has its lines or none."""
    order = case.settled
    if order is None:
        return None
    found = case.reservations
    bought = order.state in {"CONFIRMED", "FULFILLED"}
    return judged(
        broken_if(
            bought and [each.state for each in found] != ["committed"],
            case.id,
            f"it is {order.state} and its units are not sold",
            reservations=" ".join(each.state for each in found) or "none",
        ),
        *(
            unequal(case.id, "its reservation has other lines", order=order.items, reservation=each.items)
            for each in found
            if each.items or bought
        ),
        units=sum(units_of(each.items) for each in found),
    )


def units_of(items: str) -> int:
    """Units in `product:quantity,…`."""
    return sum(int(item.rpartition(":")[2]) for item in items.split(",") if item)
