"""Money: orders, payment and the provider say the same, to the minor unit, and nobody is charged twice."""

from __future__ import annotations

from collections.abc import Iterator

from local.audit import table
from local.audit.cases import Charge, OrderCase, Payment
from local.audit.rules import Rules
from local.audit.verdict import Verdict, Violation, broken, broken_if, judged, unequal


def charged_once(case: OrderCase, _: Rules) -> Verdict | None:
    """At most one successful charge for each order, at the provider."""
    if not case.charges:
        return None
    taken = [charge for charge in case.charges if charge.succeeded]
    return judged(
        broken_if(
            len(taken) > 1,
            case.id,
            "it was charged more than once",
            charges=len(taken),
            ids=" ".join(charge.charge_id for charge in taken),
        ),
        successful=len(taken),
        declined=len(case.charges) - len(taken),
    )


def payments_agree(case: OrderCase, _: Rules) -> Verdict | None:
    """What an order says was paid and paid back is what payment has, to the minor unit."""
    order = case.settled
    if order is None or any(payment.moving for payment in case.payments):
        return None
    bought = order.state in table.BOUGHT
    taken = sum(payment.taken_minor for payment in case.payments)
    back = sum(payment.paid_back_minor for payment in case.payments)
    net = order.total_minor - order.refunded_minor if bought else 0
    return judged(
        unequal(case.id, f"it is {order.state}: not what was paid for it", order=net, payment=taken - back),
        unequal(
            case.id,
            "what was paid back is not what it says",
            order=order.refunded_minor,
            payment=back,
        ),
        *_of_order(case, bought),
        **{f"orders_{order.currency}": net, f"payment_{order.currency}": taken - back},
    )


def _of_order(case: OrderCase, bought: bool) -> Iterator[Violation | None]:
    order = case.order
    if order is None:
        return
    ids = [payment.payment_id for payment in case.payments]
    yield broken_if(
        bought and ids != [order.payment_id],
        case.id,
        "its payment is another one",
        order=order.payment_id or "none",
        payment=" ".join(ids) or "none",
    )
    for payment in case.payments:
        yield unequal(
            case.id,
            "its payment is not of its total",
            total=f"{order.total_minor} {order.currency}",
            payment=f"{payment.amount_minor} {payment.currency}",
        )


def provider_agrees(case: OrderCase, _: Rules) -> Verdict | None:
    """What payment has of each charge and refund is what the provider has, to the minor unit."""
    if not case.payments and not case.charges:
        return None
    if any(payment.moving for payment in case.payments):
        return None
    taken = [charge for charge in case.charges if charge.succeeded]
    ours = sum(payment.taken_minor - payment.paid_back_minor for payment in case.payments)
    theirs = sum(charge.amount_minor - charge.refunded_minor for charge in taken)
    our_ids = {payment.charge_id for payment in case.payments if payment.taken_minor}
    currency = next(iter([each.currency for each in taken] or [each.currency for each in case.payments]), "")
    return judged(
        unequal(case.id, "payment and provider do not have the same", payment=ours, provider=theirs),
        unequal(
            case.id,
            "payment and provider do not mean the same charge",
            payment=" ".join(sorted(our_ids)) or "none",
            provider=" ".join(sorted(charge.charge_id for charge in taken)) or "none",
        ),
        *(
            unequal(case.id, "the charge is in another currency", payment=pay, provider=charge.currency)
            for charge in taken
            for pay in {payment.currency for payment in case.payments}
        ),
        **{f"payment_{currency}": ours, f"provider_{currency}": theirs},
    )


def refunds_bounded(case: OrderCase, _: Rules) -> Verdict | None:
    """No payment pays back more than it took, and its own sum is that of its refunds."""
    if not case.payments:
        return None
    counted = [_counted(payment) for payment in case.payments]
    found: list[Violation | None] = []
    for payment, refunds in zip(case.payments, counted, strict=True):
        most = payment.taken_minor
        found += [
            broken_if(
                refunds > most,
                payment.payment_id,
                "it pays back more than it took",
                refunds=refunds,
                taken=most,
            ),
            unequal(
                payment.payment_id,
                "its refunds do not add up to its sum",
                refunds=refunds,
                sum=payment.refunded_minor,
            ),
        ]
    return judged(*found, refunds=sum(counted))


def _counted(payment: Payment) -> int:
    return sum(refund.amount_minor for refund in payment.refunds if refund.state != "FAILED")


def provider_refunds(case: OrderCase, _: Rules) -> Verdict | None:
    """The provider gave back no more than each charge, and each refund is one of payment's, with its amount."""
    if not case.charges or any(payment.moving for payment in case.payments):
        return None
    ours = {
        refund.refund_id: refund.amount_minor
        for payment in case.payments
        for refund in payment.refunds
        if refund.state == "SUCCEEDED"
    }
    found = [violation for charge in case.charges for violation in _refunds_of(charge, ours)]
    theirs = {refund.key for charge in case.charges for refund in charge.refunds}
    found += [
        broken(refund_id, "the provider does not know this refund", payment=ours[refund_id], provider=0)
        for refund_id in ours
        if refund_id not in theirs
    ]
    return judged(*found, refunds=len(theirs))


def _refunds_of(charge: Charge, ours: dict[str, int]) -> Iterator[Violation | None]:
    yield broken_if(
        charge.refunded_minor > charge.amount_minor,
        charge.charge_id,
        "more was given back than it took",
        refunded=charge.refunded_minor,
        charged=charge.amount_minor,
    )
    for refund in charge.refunds:
        yield unequal(
            refund.key,
            "payment does not have this refund so",
            payment=ours.get(refund.key, 0),
            provider=refund.amount_minor,
        )


def payments_in_time(case: OrderCase, rules: Rules) -> Verdict | None:
    """No charge is unknown, and no refund under way, for longer than its limit."""
    if not case.payments:
        return None
    limits, found, unknown = rules.limits, [], 0
    for payment in case.payments:
        if payment.state == "PENDING":
            unknown += 1
            if rules.older(payment.created_at, limits.charge_s):
                age = rules.age_s(payment.created_at)
                found.append(
                    broken(
                        payment.payment_id,
                        "nobody knows whether it was charged",
                        for_s=age,
                        limit_s=int(limits.charge_s),
                    )
                )
        for refund in payment.refunds:
            if refund.state == "PENDING" and rules.older(refund.created_at, limits.refund_s):
                age = rules.age_s(refund.created_at)
                found.append(
                    broken(
                        refund.refund_id,
                        "the refund is still under way",
                        for_s=age,
                        limit_s=int(limits.refund_s),
                    )
                )
    return judged(*found, unknown=unknown)


def undone_hold_nothing(case: OrderCase, _: Rules) -> Verdict | None:
    """A rejected or cancelled order holds no units and no money."""
    order = case.settled
    if order is None or order.state not in table.UNDONE or any(payment.moving for payment in case.payments):
        return None
    holding = [each.state for each in case.reservations if each.state in {"held", "committed"}]
    money = sum(payment.taken_minor - payment.paid_back_minor for payment in case.payments)
    return judged(
        broken_if(
            bool(holding),
            case.id,
            f"it is {order.state} and holds units",
            reservation=" ".join(holding),
            due="none",
        ),
        broken_if(money != 0, case.id, f"it is {order.state} and holds money", paid=money, due=0),
        **{order.state: 1},
    )
