"""Events: all published, kept and applied; nobody behind; no dead letter without an explanation."""

from __future__ import annotations

from local.audit.cases import ConsumerCase, EventCase, LetterCase
from local.audit.rules import Rules
from local.audit.verdict import Verdict, broken, broken_if, judged


def outbox_published(case: EventCase, rules: Rules) -> Verdict | None:
    """Every outbox row is published, in time."""
    if not case.in_outbox:
        return None
    waits = case.published_at is None
    return judged(
        broken_if(
            waits and rules.older(case.created_at, rules.limits.outbox_s),
            case.id,
            f"{case.subject} was never published",
            for_s=rules.age_s(case.created_at),
            limit_s=int(rules.limits.outbox_s),
        ),
        published=int(not waits),
        waiting=int(waits),
    )


def events_kept(case: EventCase, _: Rules) -> Verdict | None:
    """The streams have every published event of the outboxes, within what they keep."""
    if not case.in_outbox or case.published_at is None or not case.kept:
        return None
    return judged(
        broken_if(
            not case.sequences,
            case.id,
            f"{case.subject} is not in the stream",
            outbox=1,
            stream=0,
        ),
        in_stream=int(bool(case.sequences)),
    )


def events_listed(case: EventCase, _: Rules) -> Verdict | None:
    """The streams have no event that no outbox has, within what outboxes keep."""
    if not case.sequences or not case.listed:
        return None
    return judged(
        broken_if(
            not case.in_outbox,
            case.id,
            f"the stream of {case.producer} has it and the outbox does not",
            stream=len(case.sequences),
            outbox=0,
        ),
    )


def events_applied(case: EventCase, _: Rules) -> Verdict | None:
    """Every event had its effect once at each consumer that has gone past it, or lies in its dead letters."""
    if not case.passed:
        return None
    applied = case.passed & case.effects
    lost = case.passed - case.effects - case.letters
    return judged(
        *(
            broken(case.id, f"{case.subject} had no effect at {consumer}", applied=0, place=case.sequences[0])
            for consumer in sorted(lost)
        ),
        applied=len(applied),
        given_up=len(case.passed - applied - lost),
    )


def consumers_level(case: ConsumerCase, rules: Rules) -> Verdict | None:
    """Every consumer is there, and has nothing left when the mesh is quiet."""
    left = case.waiting + case.unacknowledged
    since = case.behind_since
    late = since is not None and rules.older(since, rules.limits.lag_s)
    return judged(
        broken_if(not case.exists, case.id, "there is no such consumer"),
        broken_if(
            left > 0 and (rules.quiet or late),
            case.id,
            "it is behind",
            waiting=case.waiting,
            unacknowledged=case.unacknowledged,
            for_s=rules.age_s(since) if since else 0,
        ),
        waiting=case.waiting,
        unacknowledged=case.unacknowledged,
    )


def letters_explained(case: LetterCase, rules: Rules) -> Verdict | None:
    """No dead letter is left unexplained: its event had its effect since, or somebody says that it is known."""
    explained = case.had_effect or case.event_id in rules.explained
    return judged(
        broken_if(
            not explained,
            case.event_id or f"letter {case.id}",
            f"{case.subject} was given up by {case.consumer}",
            letter=case.id,
            reason=case.reason or "none",
        ),
        explained=int(explained),
    )
