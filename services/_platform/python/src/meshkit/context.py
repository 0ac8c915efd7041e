"""Who calls and how long they will wait: carried from an incoming call to the calls made for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from meshkit import wire


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a call is made for, as the edge verified it."""

    user_id: str | None = None
    roles: frozenset[str] = frozenset()
    guest_id: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether the staff role was granted."""
        return wire.STAFF_ROLE in self.roles

    @property
    def caller(self) -> str:
        """The key under which repeated requests of one caller are recognised."""
        if self.user_id:
            return self.user_id
        return f"guest:{self.guest_id}" if self.guest_id else "internal"

    @staticmethod
    def from_metadata(metadata: Mapping[str, str]) -> Identity:
        """Reads the identity keys of incoming metadata; `ANONYMOUS` when there are none."""
        return _identity_of(
            metadata.get(wire.USER_KEY), metadata.get(wire.ROLES_KEY), metadata.get(wire.GUEST_KEY)
        )

    def to_metadata(self) -> list[tuple[str, str]]:
        """The metadata that carries this identity to the next hop."""
        pairs = []
        if self.user_id:
            pairs.append((wire.USER_KEY, self.user_id))
        if self.roles:
            pairs.append((wire.ROLES_KEY, ",".join(sorted(self.roles))))
        if self.guest_id:
            pairs.append((wire.GUEST_KEY, self.guest_id))
        return pairs


ANONYMOUS = Identity()


@lru_cache(maxsize=1024)
def _identity_of(user: str | None, roles: str | None, guest: str | None) -> Identity:
    if not (user or guest or roles):
        return ANONYMOUS
    granted = frozenset(part for role in (roles or "").split(",") if (part := role.strip()))
    return Identity(user or None, granted, guest or None)


class CallContext(Protocol):
    """What a servicer method may know of the call it answers, whatever runtime serves it."""

    @property
    def identity(self) -> Identity:
        """Whom the call is made for."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """All incoming metadata, keys in lower case."""
        ...

    @property
    def method(self) -> str:
        """The full method, e.g. `/pkg.v1.Service/Rpc`."""
        ...

    def remaining_s(self) -> float | None:
        """Seconds until the caller gives up, never below 0; None without a deadline."""
        ...

    def set_initial_metadata(self, key: str, value: str) -> None:
        """Adds a pair to the response's initial metadata; only before the first response message."""
        ...


_identity: ContextVar[Identity] = ContextVar("meshkit_identity", default=ANONYMOUS)
_deadline: ContextVar[float | None] = ContextVar("meshkit_deadline", default=None)


def current_identity() -> Identity:
    """The identity of the call being answered; `ANONYMOUS` outside of one."""
    return _identity.get()


def current_deadline() -> float | None:
    """When the call being answered expires, on the `time.monotonic()` scale; None without a deadline."""
    return _deadline.get()


def current_remaining_s() -> float | None:
    """Seconds left of the call being answered (negative when over); None without a deadline."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


@contextmanager
def acting_as(identity: Identity) -> Iterator[None]:
    """Background work on someone's behalf: calls made inside carry `identity`."""
    token = _identity.set(identity)
    try:
        yield
    finally:
        _identity.reset(token)


@contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Gives the work inside a budget of `seconds`, never more than what the enclosing call has left."""
    wanted, outer = time.monotonic() + seconds, _deadline.get()
    token = _deadline.set(wanted if outer is None else min(wanted, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


Scope = tuple[Token[Identity], Token[float | None]]


def enter_call(identity: Identity, deadline: float | None) -> Scope:
    """`call_scope` for hot paths, to be paired with `leave_call` in a `finally`."""
    return _identity.set(identity), _deadline.set(deadline)


def leave_call(scope: Scope) -> None:
    """Puts back what was there before `enter_call`."""
    _deadline.reset(scope[1])
    _identity.reset(scope[0])


@contextmanager
def call_scope(identity: Identity, deadline: float | None) -> Iterator[None]:
    """Sets identity and deadline for the answering of one call."""
    scope = enter_call(identity, deadline)
    try:
        yield
    finally:
        leave_call(scope)
