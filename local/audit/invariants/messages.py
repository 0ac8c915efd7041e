"""Messages to people: each owed one is sent once, and the providers took what notification sent."""

from __future__ import annotations

from local.audit.cases import MessageCase, OrderCase
from local.audit.rules import Rules
from local.audit.verdict import Verdict, broken, broken_if, judged, unequal


def confirmation_mailed(case: OrderCase, _: Rules) -> Verdict | None:
    """A confirmed order has exactly one confirmation mail, and it was sent; any other order has none."""
    order = case.settled
    mails = [each for each in case.told if (each.template, each.channel) == ("order_confirmed", "EMAIL")]
    if order is None or any(mail.moving for mail in mails):
        return None
    due = int(order.was_confirmed)
    sent = sum(mail.state == "SENT" for mail in mails)
    return judged(
        broken_if(
            len(mails) != due or sent != due,
            case.id,
            f"it is {order.state} and its confirmation was not mailed {'once' if due else 'never'}",
            mails=" ".join(mail.state for mail in mails) or "none",
            due=due,
        ),
        mails=sent,
        confirmed=due,
    )


def told_once(case: MessageCase, _: Rules) -> Verdict | None:
    """No event is told of twice by the same channel."""
    if not case.state:
        return None
    return judged(
        broken_if(case.twins > 1, case.id, "its event is told of again", messages=case.twins, due=1)
    )


def mails_agree(case: MessageCase, _: Rules) -> Verdict | None:
    """The mail server has exactly the mails that notification sent, each under one Message-ID."""
    return _agree(case) if case.channel == "EMAIL" else None


def sinks_agree(case: MessageCase, _: Rules) -> Verdict | None:
    """The SMS and push providers have exactly the messages that notification sent, each once."""
    return _agree(case) if case.channel in {"SMS", "PUSH"} else None


def _agree(case: MessageCase) -> Verdict | None:
    if case.state in {"PENDING", "SENDING"} or case.forgotten:
        return None
    if not case.state:
        return judged(broken(case.id, "nobody sent this message", sent=0, taken=case.taken), taken=case.taken)
    if case.state == "FAILED" and case.taken <= 1:  # the answer to the last try may have been lost
        return judged(failed=1, **_repeats(case))
    sent = int(case.state == "SENT")
    return judged(
        unequal(case.id, f"it is {case.state}: not what the provider has", sent=sent, taken=case.taken),
        sent=sent,
        taken=case.taken,
        **_repeats(case),
    )


def _repeats(case: MessageCase) -> dict[str, int]:
    """A figure and no violation: the same mail under the same Message-ID once more. The sinks have keys, and no repeats."""
    return {"repeated": case.repeated} if case.channel == "EMAIL" else {}


def deliveries_in_time(case: MessageCase, rules: Rules) -> Verdict | None:
    """No message is being tried for longer than its limit."""
    if not case.state:
        return None
    moving = case.state in {"PENDING", "SENDING"}
    return judged(
        broken_if(
            moving and rules.older(case.created_at, rules.limits.delivery_s),
            case.id,
            "it is still to be sent",
            for_s=rules.age_s(case.created_at),
            limit_s=int(rules.limits.delivery_s),
        ),
        waiting=int(moving),
    )
