"""Errors on the wire: exception → status with details, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details_pb
from google.rpc import status_pb2

from meshkit.errors import KIND_OF_STATUS, KINDS, STATUS_NAMES, RemoteError

INTERNAL: Final = KINDS["internal"]
# All of a response's trailing metadata must fit in 8 KiB, base64 included.
_MAX_DETAILS_BYTES: Final = 4096
_MAX_MESSAGE_CHARS: Final = 512


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call as it goes over the wire; `details` is a serialized `google.rpc.Status`."""

    code: int
    message: str
    reason: str
    details: bytes
    expected: bool

    @property
    def status_name(self) -> str:
        """The canonical name of the status, e.g. `NOT_FOUND`."""
        return STATUS_NAMES[self.code]


def failure_of(error: BaseException, domain: str) -> Failure:
    """What to answer for `error`; one without a known `kind` is INTERNAL and tells the caller nothing."""
    code = KINDS.get(str(getattr(error, "kind", "")))
    if code is None or (code == INTERNAL and not isinstance(error, RemoteError)):
        return _failure(INTERNAL, "internal error", "INTERNAL", domain, error=None)
    reason = str(getattr(error, "reason", "") or STATUS_NAMES[code])
    origin = str(getattr(error, "domain", "") or domain)
    message = "internal error" if code == INTERNAL else str(error)[:_MAX_MESSAGE_CHARS]
    return _failure(code, message, reason, origin, error=error)


def _failure(code: int, message: str, reason: str, domain: str, *, error: BaseException | None) -> Failure:
    status = status_pb2.Status(code=code, message=message)
    info = details_pb.ErrorInfo(reason=reason, domain=domain)
    metadata: Mapping[str, str] = getattr(error, "metadata", None) or {}
    for key, value in metadata.items():
        info.metadata[str(key)] = str(value)[:_MAX_MESSAGE_CHARS]
    status.details.add().Pack(info)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        retry = details_pb.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(retry_after_s * 1e9))
        status.details.add().Pack(retry)
    _add_violations(status, getattr(error, "violations", None) or [])
    return Failure(code, message, reason, status.SerializeToString(), expected=error is not None)


def _add_violations(status: status_pb2.Status, violations: list[tuple[str, str]]) -> None:
    """As many as fit; a caller with hundreds of wrong fields learns of the first dozens."""
    bad_request, room = details_pb.BadRequest(), _MAX_DETAILS_BYTES - status.ByteSize()
    for field, description in violations:
        entry = details_pb.BadRequest.FieldViolation(
            field=str(field)[:200], description=str(description)[:_MAX_MESSAGE_CHARS]
        )
        room -= entry.ByteSize() + 4
        if room < 0:
            break
        bad_request.field_violations.append(entry)
    if bad_request.field_violations:
        status.details.add().Pack(bad_request)


def remote_error(code: int, message: str, details: bytes | None, *, sent: bool = True) -> RemoteError:
    """The error a client call raises for a status; without details its reason is the status's name."""
    reason, domain = STATUS_NAMES.get(code, "UNKNOWN"), ""
    metadata: dict[str, str] = {}
    violations: list[tuple[str, str]] = []
    retry_after_s: float | None = None
    for any_message in _unpacked(details):
        if any_message.Is(details_pb.ErrorInfo.DESCRIPTOR):
            info = details_pb.ErrorInfo.FromString(any_message.value)
            reason, domain, metadata = info.reason, info.domain, dict(info.metadata)
        elif any_message.Is(details_pb.BadRequest.DESCRIPTOR):
            bad_request = details_pb.BadRequest.FromString(any_message.value)
            violations = [(entry.field, entry.description) for entry in bad_request.field_violations]
        elif any_message.Is(details_pb.RetryInfo.DESCRIPTOR):
            retry = details_pb.RetryInfo.FromString(any_message.value)
            retry_after_s = retry.retry_delay.ToNanoseconds() / 1e9
    return RemoteError(
        KIND_OF_STATUS.get(code, "unknown"),
        reason,
        message,
        metadata=metadata,
        violations=violations,
        retry_after_s=retry_after_s,
        domain=domain,
        sent=sent,
    )


def _unpacked(details: bytes | None) -> list:  # type: ignore[type-arg]
    if not details:
        return []
    try:
        return list(status_pb2.Status.FromString(details).details)
    except DecodeError:  # a proxy's or a stranger's trailer; the status itself still counts
        return []
