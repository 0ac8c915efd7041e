"""Error kinds and the one error a client call raises.

A service raises its own plain exceptions; the kit reads these attributes off them, by name only:
`kind` (one of `KINDS`), `reason` (UPPER_SNAKE, for programs), and optionally `metadata: dict[str, str]`,
`violations: list[tuple[field, description]]` and `retry_after_s: float`. Without a `kind` it is INTERNAL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# Kind to canonical gRPC status number.
KINDS: Final[Mapping[str, int]] = {
    "cancelled": 1,
    "unknown": 2,
    "invalid_argument": 3,
    "deadline_exceeded": 4,
    "not_found": 5,
    "already_exists": 6,
    "permission_denied": 7,
    "resource_exhausted": 8,
    "failed_precondition": 9,
    "aborted": 10,
    "out_of_range": 11,
    "unimplemented": 12,
    "internal": 13,
    "unavailable": 14,
    "data_loss": 15,
    "unauthenticated": 16,
}
KIND_OF_STATUS: Final[Mapping[int, str]] = {number: kind for kind, number in KINDS.items()}
STATUS_NAMES: Final[Mapping[int, str]] = {0: "OK", **{number: kind.upper() for kind, number in KINDS.items()}}

_AMBIGUOUS_KINDS: Final = frozenset({"cancelled", "deadline_exceeded", "internal", "unavailable", "unknown"})


class PlatformError(Exception):
    """An error the platform itself answers with, of the same shape as a service's own."""

    def __init__(
        self,
        kind: str,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[tuple[str, str]] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = list(violations)
        self.retry_after_s = retry_after_s


def key_reused() -> PlatformError:
    """The refusal of a key that came before with another request."""
    return PlatformError(
        "failed_precondition", "IDEMPOTENCY_KEY_REUSED", "the key came before with another request"
    )


class RemoteError(PlatformError):
    """What a client call raises; raising it on to one's own caller keeps kind, reason and domain.

    `domain` names the service that first reported it, "" when no service did (connection lost, time over).
    `sent` is False when the request certainly never left this process.
    """

    def __init__(
        self,
        kind: str,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[tuple[str, str]] = (),
        retry_after_s: float | None = None,
        domain: str = "",
        sent: bool = True,
    ) -> None:
        super().__init__(
            kind, reason, message, metadata=metadata, violations=violations, retry_after_s=retry_after_s
        )
        self.domain = domain
        self.sent = sent

    @property
    def ambiguous(self) -> bool:
        """Whether the upstream may have acted although the call failed."""
        return self.sent and self.kind in _AMBIGUOUS_KINDS

    def __repr__(self) -> str:
        return f"RemoteError({self.kind}, {self.reason}, {self.domain or 'no domain'}: {self.message})"
