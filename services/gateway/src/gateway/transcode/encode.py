"""Message → JSON, by a table for each message type made once from its descriptor.

A message becomes a dict of plain values by one pass over the fields that are set, and orjson writes the whole at once; that
is several times faster than `json_format`, which is this module's oracle in the tests.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.transcode import wellknown

Convert = Callable[[Any], Any]

_LONGS: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})
_SINGLE: Final = struct.Struct("<f")
_MAX_SINGLE: Final = 3.4028235e38


class JsonEncoder:
    """Encodes messages of any type; holds the tables, so one per process is enough."""

    def __init__(self) -> None:
        self._converters: dict[str, Convert] = {}

    def bytes_of(self, message: Any) -> bytes:
        """The canonical JSON of a message, UTF-8. Raises ValueError for a time that JSON can't express."""
        return orjson.dumps(self.converter(message.DESCRIPTOR)(message))

    def plain(self, message: Any) -> Any:
        """The same as plain values, to be put into a larger document."""
        return self.converter(message.DESCRIPTOR)(message)

    def converter(self, descriptor: Descriptor) -> Convert:
        """The function that turns a message of this type into what orjson writes."""
        known = self._converters.get(descriptor.full_name)
        if known is not None:
            return known
        special = wellknown.ENCODERS.get(descriptor.full_name)
        if special is not None:
            self._converters[descriptor.full_name] = special
            return special
        if descriptor.full_name in wellknown.WRAPPERS:
            unwrap = self._wrapper(descriptor)
            self._converters[descriptor.full_name] = unwrap
            return unwrap
        return self._message(descriptor)

    def _message(self, descriptor: Descriptor) -> Convert:
        table: dict[FieldDescriptor, tuple[str, Convert | None]] = {}

        def convert(message: Any) -> dict[str, Any]:
            out = {}
            for field, value in message.ListFields():
                name, change = table[field]
                out[name] = value if change is None else change(value)
            return out

        # Entered before its fields are looked at, so that a type may contain itself.
        self._converters[descriptor.full_name] = convert
        for field in descriptor.fields:
            table[field] = (field.json_name, self._field(field))
        return convert

    def _wrapper(self, descriptor: Descriptor) -> Convert:
        change = self._single(descriptor.fields_by_name["value"])
        if change is None:
            return lambda message: message.value
        return lambda message: change(message.value)

    def _field(self, field: FieldDescriptor) -> Convert | None:
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            return self._map(entry)
        change = self._single(field)
        if not field.is_repeated:
            return change
        if change is None:
            return list
        one = change
        return lambda values: [one(value) for value in values]

    def _map(self, entry: Descriptor) -> Convert:
        text = _KEYS.get(entry.fields_by_name["key"].cpp_type, str)
        change = self._single(entry.fields_by_name["value"])
        if change is None:
            return lambda pairs: {text(key): value for key, value in pairs.items()}
        one = change
        return lambda pairs: {text(key): one(pairs[key]) for key in pairs}

    def _single(self, field: FieldDescriptor) -> Convert | None:
        """How one value of a field changes; None when orjson takes it as it is."""
        if field.message_type is not None:
            return self.converter(field.message_type)
        if field.enum_type is not None:
            return _enum(field.enum_type)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return _base64
        if field.cpp_type in _LONGS:
            return str
        return _NUMBERS.get(field.cpp_type)


def _enum(enum: EnumDescriptor) -> Convert:
    if enum.full_name == "google.protobuf.NullValue":
        return lambda _number: None
    names = {number: value.name for number, value in enum.values_by_number.items()}
    return lambda number: names.get(number, number)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def finite(value: float) -> float | int | str:
    """A double as JSON has it: the three that are no numbers become text."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _single_precision(value: float) -> float | int | str:
    """The shortest decimal that a float reads back as the same value."""
    if not math.isfinite(value):
        return finite(value)
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if abs(short) < _MAX_SINGLE and _SINGLE.unpack(_SINGLE.pack(short))[0] == value:
            return short
    return float(f"{value:.9g}")


_NUMBERS: Final[Mapping[int, Convert]] = {
    FieldDescriptor.CPPTYPE_DOUBLE: finite,
    FieldDescriptor.CPPTYPE_FLOAT: _single_precision,
}
_KEYS: Final[Mapping[int, Convert]] = {
    FieldDescriptor.CPPTYPE_STRING: lambda key: key,
    FieldDescriptor.CPPTYPE_BOOL: lambda key: "true" if key else "false",
}
