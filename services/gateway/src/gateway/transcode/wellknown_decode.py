"""Reads the JSON forms of `google.protobuf` types that are not read field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.transcode import wellknown

MAX_DEPTH: Final = 30


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be {what} in a string")
    return value


def read_timestamp(message: Any, value: Any) -> None:
    """RFC 3339 with any offset."""
    message.seconds, message.nanos = wellknown.parse_timestamp(_text(value, "a time"))


def read_duration(message: Any, value: Any) -> None:
    """Seconds with up to nine digits and an `s`."""
    message.seconds, message.nanos = wellknown.parse_duration(_text(value, "a duration"))


def read_mask(message: Any, value: Any) -> None:
    """Paths joined by commas, in lowerCamelCase or in proto names."""
    for path in filter(None, _text(value, "a field mask").split(",")):
        message.paths.append(wellknown.snake(path.strip()))


def read_struct(message: Any, value: Any, depth: int = 0) -> None:
    """Any object."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    for key, item in value.items():
        read_value(message.fields[key], item, depth + 1)


def read_list(message: Any, value: Any, depth: int = 0) -> None:
    """Any array."""
    if not isinstance(value, list):
        raise ValueError("must be an array")
    for item in value:
        read_value(message.values.add(), item, depth + 1)


def read_value(message: Any, value: Any, depth: int = 0) -> None:
    """Any JSON."""
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
    if value is None:
        message.null_value = 0
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, dict):
        message.struct_value.SetInParent()
        read_struct(message.struct_value, value, depth)
    elif isinstance(value, list):
        message.list_value.SetInParent()
        read_list(message.list_value, value, depth)
    else:
        message.number_value = float(value)


DECODERS: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    wellknown.TIMESTAMP: read_timestamp,
    wellknown.DURATION: read_duration,
    wellknown.FIELD_MASK: read_mask,
    wellknown.STRUCT: read_struct,
    wellknown.VALUE: read_value,
    wellknown.LIST_VALUE: read_list,
}
