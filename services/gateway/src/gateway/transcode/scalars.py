"""Single values of proto3 JSON: what each scalar type accepts, and what to say when it does not."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Parse = Callable[[Any], Any]

_INTEGER: Final = re.compile(r"-?\d{1,20}", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)
_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# The largest double that rounds to a finite single.
_MAX_FLOAT: Final = 3.4028235677973366e38


def parser_of(field: FieldDescriptor) -> Parse:
    """The function from a JSON value to the field's value; it raises ValueError that says what is expected."""
    if field.enum_type is not None:
        return _enum_parser(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes
    return _BY_CPP_TYPE[field.cpp_type]


def text_parser_of(field: FieldDescriptor) -> Parse:
    """The same for a value in a path or a query, where all is text."""
    return _boolean_text if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else parser_of(field)


def _integer(value: Any, low: int, high: int) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    else:
        raise ValueError("must be an integer")
    if not low <= number <= high:
        raise ValueError(f"must be from {low} to {high}")
    return number


def _double(value: Any) -> float:
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        if not _NUMBER.fullmatch(value):
            raise ValueError("must be a number")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("is out of range")
    return number


def _single(value: Any) -> float:
    number = _double(value)
    if math.isfinite(number) and abs(number) >= _MAX_FLOAT:
        raise ValueError("is out of range")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _boolean_text(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError("must be true or false")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("must be a string")


def _bytes(value: Any) -> bytes:
    """Base64 of either alphabet, padded or not."""
    if not isinstance(value, str) or not _BASE64.fullmatch(value):
        raise ValueError("must be base64")
    bare = value.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare.translate(_TO_URL_SAFE) + "=" * (-len(bare) % 4))
    except binascii.Error:
        raise ValueError("must be base64") from None


_TO_URL_SAFE: Final = str.maketrans("+/", "-_")


def _enum_parser(enum: EnumDescriptor) -> Parse:
    numbers = {name: value.number for name, value in enum.values_by_name.items()}
    shown = ", ".join(list(numbers)[:10])

    nullable = enum.full_name == "google.protobuf.NullValue"

    def parse(value: Any) -> int:
        if value is None and nullable:
            return 0
        if isinstance(value, str) and value in numbers:
            return numbers[value]
        try:
            return _integer(value, -(2**31), 2**31 - 1)
        except ValueError:
            raise ValueError(f"must be one of {shown}") from None

    return parse


_BY_CPP_TYPE: Final[Mapping[int, Parse]] = {
    FieldDescriptor.CPPTYPE_INT32: partial(_integer, low=-(2**31), high=2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: partial(_integer, low=0, high=2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: partial(_integer, low=-(2**63), high=2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: partial(_integer, low=0, high=2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: _double,
    FieldDescriptor.CPPTYPE_FLOAT: _single,
    FieldDescriptor.CPPTYPE_BOOL: _boolean,
    FieldDescriptor.CPPTYPE_STRING: _string,
}
