"""Between the contract's messages and the domain, in both directions; pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from banyan.user.v1 import user_pb2 as pb
from banyan.user.v1 import user_service_pb2 as service_pb
from user.app.sessions import TokenPair
from user.domain.session import ACCESS_TOKEN_LIFE
from user.domain.user import Role, User

_ROLES: Final = {Role.CUSTOMER: pb.ROLE_CUSTOMER, Role.STAFF: pb.ROLE_STAFF}
_ROLES_BACK: Final = {number: role for role, number in _ROLES.items()}


def user_message(user: User) -> pb.User:
    """An account as the wire has it."""
    return pb.User(
        user_id=user.user_id,
        email=user.email,
        display_name=user.display_name,
        roles=[_ROLES[role] for role in sorted(user.roles)],
        locale=user.locale,
        create_time=timestamp(user.created_at),
        update_time=timestamp(user.updated_at),
    )


def roles_of(numbers: list[pb.Role]) -> frozenset[Role]:
    """Roles of the domain; unknown numbers are refused by the contract before."""
    return frozenset(_ROLES_BACK[number] for number in numbers if number in _ROLES_BACK)


def created_session(pair: TokenPair) -> service_pb.CreateSessionResponse:
    """The answer to a login."""
    return service_pb.CreateSessionResponse(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="Bearer",  # noqa: S106 - RFC 6750's name of the kind
        expires_in=_life(),
        user_id=pair.user_id,
    )


def refreshed_session(pair: TokenPair) -> service_pb.RefreshSessionResponse:
    """The answer to a refresh."""
    return service_pb.RefreshSessionResponse(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="Bearer",  # noqa: S106
        expires_in=_life(),
        user_id=pair.user_id,
    )


def changes(message: pb.User, paths: list[str]) -> dict[str, str]:
    """The masked fields; unknown ones stay, for the domain to refuse."""
    values = {"display_name": message.display_name, "locale": message.locale}
    return {path: values.get(path, "") for path in paths}


def timestamp(moment: datetime) -> Timestamp:
    """A moment as the wire has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(UTC))
    return stamp


def _life() -> Duration:
    life = Duration()
    life.FromTimedelta(ACCESS_TOKEN_LIFE)
    return life
