"""Hypothesis strategies: any message of a type, built from its descriptor."""

from __future__ import annotations

import math
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
FLOATS = st.one_of(st.floats(width=32), st.sampled_from([0.1, 1e20, -1.5, 3.0]))
JSON = st.recursive(
    st.none() | st.booleans() | TEXT | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
_SCALARS = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: FLOATS,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_STRING: TEXT,
}
SECONDS = st.integers(-62_135_596_800, 253_402_300_799)
NANOS = st.one_of(st.just(0), st.integers(0, 999).map(lambda ms: ms * 1_000_000), st.integers(0, 999_999_999))
PATHS = st.lists(st.sampled_from(["name", "price.minor_units", "weight_grams", "a.b_c.d"]), max_size=3)


def any_message(descriptor: Descriptor, depth: int = 2) -> st.SearchStrategy[Any]:
    """Messages of a type with any of their fields set, nested to `depth`."""
    special = _SPECIAL.get(descriptor.name) if descriptor.full_name.startswith("google.protobuf.") else None
    if special is not None:
        return special(descriptor)

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        message = GetMessageClass(descriptor)()
        fields = [field for field in descriptor.fields if depth > 0 or field.message_type is None]
        for field in draw(
            st.lists(st.sampled_from(fields), unique_by=lambda field: field.number, max_size=8)
        ):
            _fill(draw, message, field, depth)
        return message

    return build()


def _fill(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name
        for key in draw(st.lists(_value(entry["key"], 0), max_size=3)):
            value = draw(_value(entry["value"], depth - 1))
            if entry["value"].message_type is not None:
                getattr(message, field.name)[key].CopyFrom(value)
            else:
                getattr(message, field.name)[key] = value
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(_value(field, depth - 1), max_size=3)))
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(draw(_value(field, depth - 1)))
    else:
        setattr(message, field.name, draw(_value(field, depth)))


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return any_message(field.message_type, depth)
    if field.enum_type is not None:
        known = st.sampled_from([value.number for value in field.enum_type.values])
        return known if field.enum_type.name == "NullValue" else known | st.integers(90, 99)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=8)
    return _SCALARS[field.cpp_type]


def _timed(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    kind: Any = GetMessageClass(descriptor)
    return st.builds(lambda seconds, nanos: kind(seconds=seconds, nanos=nanos), SECONDS, NANOS)


def _duration(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    kind: Any = GetMessageClass(descriptor)

    def build(sign: int, seconds: int, nanos: int) -> Any:
        return kind(seconds=sign * seconds, nanos=sign * nanos)

    return st.builds(build, st.sampled_from([1, -1]), st.integers(0, 315_576_000_000), NANOS)


def _mask(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    kind: Any = GetMessageClass(descriptor)
    return PATHS.map(lambda paths: kind(paths=paths))


def _struct(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    kind: Any = GetMessageClass(descriptor)

    def build(value: dict[str, Any]) -> Any:
        message = kind()
        message.update(value)
        return message

    return st.dictionaries(TEXT, JSON, max_size=3).map(build)


def _list(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    kind: Any = GetMessageClass(descriptor)

    def build(value: list[Any]) -> Any:
        message = kind()
        message.extend(value)
        return message

    return st.lists(JSON, max_size=3).map(build)


def _any_value(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    kind: Any = GetMessageClass(descriptor)
    texts = TEXT.map(lambda text: kind(string_value=text))
    numbers = st.floats(allow_nan=False, allow_infinity=False).map(lambda n: kind(number_value=n))
    return texts | numbers | st.booleans().map(lambda b: kind(bool_value=b)) | st.just(kind(null_value=0))


_SPECIAL = {
    "Timestamp": _timed,
    "Duration": _duration,
    "FieldMask": _mask,
    "Struct": _struct,
    "ListValue": _list,
    "Value": _any_value,
}


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values in which NaN is text already, with -0.0 and 0 alike."""
    if isinstance(left, float) or isinstance(right, float):
        return bool(left == right or (math.isclose(left, right, rel_tol=1e-12)))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right) and type(left) is type(right)
