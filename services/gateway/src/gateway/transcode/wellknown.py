"""The JSON forms of `google.protobuf` types that are not written field by field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

WRAPPERS: Final = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)
TIMESTAMP: Final = "google.protobuf.Timestamp"
DURATION: Final = "google.protobuf.Duration"
FIELD_MASK: Final = "google.protobuf.FieldMask"
STRUCT: Final = "google.protobuf.Struct"
VALUE: Final = "google.protobuf.Value"
LIST_VALUE: Final = "google.protobuf.ListValue"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MIN_SECONDS: Final = -62_135_596_800  # 0001-01-01T00:00:00Z
_MAX_SECONDS: Final = 253_402_300_799  # 9999-12-31T23:59:59Z
_MAX_DURATION_S: Final = 315_576_000_000
_DURATION: Final = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def timestamp_text(message: Any) -> str:
    """RFC 3339 in UTC with 0, 3, 6 or 9 digits after the second."""
    seconds, nanos = message.seconds, message.nanos
    if not (_MIN_SECONDS <= seconds <= _MAX_SECONDS and 0 <= nanos <= 999_999_999):
        raise ValueError("a timestamp is outside of the years 1 to 9999")
    return f"{_whole_second(seconds)}{_fraction(nanos) if nanos else ''}Z"


@lru_cache(maxsize=8192)
def _whole_second(seconds: int) -> str:
    """The same things are read again and again, and their times with them."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def duration_text(message: Any) -> str:
    """Seconds with 0, 3, 6 or 9 digits and an `s`."""
    seconds, nanos = message.seconds, message.nanos
    mixed = (seconds < 0 < nanos) or (nanos < 0 < seconds)
    if mixed or abs(seconds) > _MAX_DURATION_S or abs(nanos) > 999_999_999:
        raise ValueError("a duration is out of range")
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{_fraction(abs(nanos))}s"


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03d}"
    return f".{nanos // 1000:06d}" if nanos % 1000 == 0 else f".{nanos:09d}"


def parse_timestamp(text: str) -> tuple[int, int]:
    """Seconds and nanoseconds of an RFC 3339 time with an offset; ValueError for anything else."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("must be a time such as 2026-01-31T12:00:00Z")
    day, time, digits, offset = match.groups()
    whole = datetime.fromisoformat(f"{day}T{time}{'+00:00' if offset in 'Zz' else offset}")
    seconds = (whole - _EPOCH) // timedelta(seconds=1)
    if not _MIN_SECONDS <= seconds <= _MAX_SECONDS:
        raise ValueError("must be in the years 1 to 9999")
    return seconds, int((digits or "").ljust(9, "0"))


def parse_duration(text: str) -> tuple[int, int]:
    """Seconds and nanoseconds, of one sign, of text such as `1.5s`; ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("must be seconds such as 1.5s")
    sign = -1 if match[1] else 1
    seconds, nanos = int(match[2]), int((match[3] or "").ljust(9, "0"))
    if seconds > _MAX_DURATION_S:
        raise ValueError(f"must be at most {_MAX_DURATION_S} s")
    return sign * seconds, sign * nanos


def mask_text(message: Any) -> str:
    """Paths in lowerCamelCase, joined by commas."""
    return ",".join(camel(path) for path in message.paths)


def camel(path: str) -> str:
    """`price.minor_units` → `price.minorUnits`; ValueError when there is no way back."""
    if path != path.lower() or re.search(r"_[^a-z]|_$", path):
        raise ValueError(f"the path {path!r} can't be written in lowerCamelCase")
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), path)


def snake(path: str) -> str:
    """`price.minorUnits` → `price.minor_units`; a path already in that form stays."""
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), path)


def struct_dict(message: Any) -> dict[str, Any]:
    """A Struct as the object it stands for."""
    return {key: value_of(value) for key, value in message.fields.items()}


def list_of(message: Any) -> list[Any]:
    """A ListValue as the array it stands for."""
    return [value_of(value) for value in message.values]


def value_of(message: Any) -> Any:
    """A Value as the JSON it stands for; ValueError for numbers that JSON has not."""
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return struct_dict(message.struct_value)
    if kind == "list_value":
        return list_of(message.list_value)
    if kind == "number_value":
        number = message.number_value
        if not math.isfinite(number):
            raise ValueError("a Value holds no finite number")
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return None if kind in (None, "null_value") else getattr(message, kind)


ENCODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    TIMESTAMP: timestamp_text,
    DURATION: duration_text,
    FIELD_MASK: mask_text,
    STRUCT: struct_dict,
    VALUE: value_of,
    LIST_VALUE: list_of,
}
