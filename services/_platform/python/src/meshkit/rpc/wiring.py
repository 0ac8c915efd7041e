"""What gRPC puts into HTTP/2: message frames, time-outs, statuses, binary metadata.

After https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import quote, unquote

MAX_MESSAGE: Final = 4 * 2**20
"""The largest message that is accepted, in octets; gRPC's own default."""
PREFIX: Final = 5
CONTENT_TYPE: Final = "application/grpc"
_UPKEEP: Final = 64

OK: Final = 0
CANCELLED: Final = 1
UNKNOWN: Final = 2
INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
UNAUTHENTICATED: Final = 16

_UNITS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_MOST_DIGITS: Final = 8
# For an answer that is no gRPC at all, say from a proxy (http-grpc-status-mapping.md).
_OF_HTTP: Final = {
    "400": INTERNAL,
    "401": UNAUTHENTICATED,
    "403": PERMISSION_DENIED,
    "404": UNIMPLEMENTED,
    "429": UNAVAILABLE,
    "502": UNAVAILABLE,
    "503": UNAVAILABLE,
    "504": UNAVAILABLE,
}
# The characters of a status message that need no escape: printable ASCII without the per cent sign.
_PLAIN: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


class WireFault(Exception):
    """A message or a header that is against the protocol; `code` is the gRPC status it calls for."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def framed(message: bytes) -> bytes:
    """A message with its prefix, not compressed."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


class Messages:
    """Puts messages together from the pieces in which they come."""

    __slots__ = ("_rest", "_wanted")

    def __init__(self) -> None:
        self._rest: bytearray | None = None
        self._wanted = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now. Raises WireFault."""
        if self._rest is not None:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data, self._rest = bytes(self._rest), None
        found, position, self._wanted = [], 0, PREFIX
        while len(data) - position >= PREFIX:
            if data[position]:
                raise WireFault(UNIMPLEMENTED, "compressed messages are not accepted")
            size = int.from_bytes(data[position + 1 : position + PREFIX], "big")
            if size > MAX_MESSAGE:
                raise WireFault(RESOURCE_EXHAUSTED, f"a message of {size} octets; {MAX_MESSAGE} are accepted")
            end = position + PREFIX + size
            if end > len(data):
                self._wanted = end - position
                break
            found.append(data[position + PREFIX : end])
            position = end
        if position < len(data):
            self._rest = bytearray(data[position:])
        return found

    @property
    def torn(self) -> bool:
        """Whether a part of a message waits for the rest of it."""
        return self._rest is not None


def cost(message: bytes) -> int:
    """Octets that a message takes while it waits for its reader; more than nothing even for an empty one."""
    return len(message) + _UPKEEP


def is_grpc(content_type: str) -> bool:
    """Whether it is `application/grpc`, maybe with the encoding of its messages."""
    return content_type.startswith(CONTENT_TYPE) and content_type[len(CONTENT_TYPE) :][:1] in {"", "+", ";"}


def timeout_text(seconds: float) -> str:
    """A `grpc-timeout`: in microseconds where eight digits allow it, else coarser; never below one."""
    for unit, size in (("u", 1e-6), ("m", 1e-3), ("S", 1.0)):
        if seconds / size < 10**_MOST_DIGITS:
            return f"{max(int(seconds / size), 1)}{unit}"
    return f"{min(int(seconds / 3600), 10**_MOST_DIGITS - 1)}H"


def timeout_s(text: str) -> float:
    """The seconds of a `grpc-timeout`. Raises WireFault."""
    digits, size = text[:-1], _UNITS.get(text[-1:])
    if size is None or not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        raise WireFault(INVALID_ARGUMENT, f"malformed grpc-timeout: {text[:20]!r}")
    return int(digits) * size


def escaped(message: str) -> str:
    """A status message for the `grpc-message` header."""
    return quote(message, safe=_PLAIN)


def unescaped(text: str) -> str:
    """The status message of a `grpc-message` header; lenient, as the specification demands."""
    return unquote(text, errors="replace")


def binary_text(value: bytes) -> str:
    """A value for a header that ends in `-bin`."""
    return base64.b64encode(value).rstrip(b"=").decode("ascii")


def binary_value(text: str) -> bytes | None:
    """The value of a header that ends in `-bin`, padded or not; None when it cannot be read."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def code_of_http(status: str) -> int:
    """The gRPC status for an HTTP status that came without one."""
    return _OF_HTTP.get(status, UNKNOWN)
