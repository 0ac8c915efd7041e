"""The user service's events as they go on the wire."""

from __future__ import annotations

from banyan.user.v1 import user_events_pb2 as pb
from meshkit.outbox import NewEvent
from user.domain.events import Event, UserRegistered, UserUpdated
from user.rpc.mapping import timestamp, user_message


def outgoing(event: Event) -> NewEvent:
    """Subject, entity and message of an event."""
    if isinstance(event, UserRegistered):
        return NewEvent(
            pb.UserRegistered(user=user_message(event.user)), "user.registered", event.user.user_id
        )
    if isinstance(event, UserUpdated):
        return NewEvent(pb.UserUpdated(user=user_message(event.user)), "user.updated", event.user.user_id)
    revoked = pb.UserSessionRevoked(
        user_id=event.user_id,
        session_id=event.session_id,
        tokens_expire_time=timestamp(event.tokens_expire_at),
    )
    return NewEvent(revoked, "user.session_revoked", event.user_id)
