"""`buf.validate` rules as JSON Schema keywords, so that a client can check what a service would refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from google.protobuf.descriptor import FieldDescriptor

from buf.validate import validate_pb2

Schema = dict[str, Any]
_FORMATS: Final = ("uuid", "email", "hostname", "ipv4", "ipv6", "uri")
_LONGS: Final = frozenset({"int64", "uint64", "sint64", "fixed64", "sfixed64"})


def rules_of(field: FieldDescriptor) -> Any:
    """The field's rules; empty ones when there are none, or when they are not applied."""
    rules = field.GetOptions().Extensions[cast(Any, validate_pb2.field)]
    return validate_pb2.FieldRules() if rules.ignore == validate_pb2.IGNORE_ALWAYS else rules


def keywords(rules: Any) -> Schema:
    """What the rules add to the schema of one value."""
    kind = rules.WhichOneof("type")
    if kind is None:
        return {}
    given = getattr(rules, kind)
    if kind in _LONGS:
        return _long(given)
    return _BY_KIND.get(kind, _number)(given)


def is_needed(field: FieldDescriptor) -> bool:
    """Whether a request without the field is refused, since its zero value breaks a rule."""
    rules = rules_of(field)
    if rules.required:
        return True
    if field.has_presence or rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
        return False
    kind = rules.WhichOneof("type")
    return kind is not None and _ZERO_BREAKS.get(kind, _positive)(getattr(rules, kind))


def _text_breaks(given: Any) -> bool:
    pattern = given.pattern and not re.search(given.pattern, "")
    return bool(given.min_len or given.uuid or given.email or pattern)


def _positive(given: Any) -> bool:
    return bool(getattr(given, "gte", 0) > 0)


def _never(_given: Any) -> bool:
    return False


_ZERO_BREAKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": _text_breaks,
    "repeated": lambda given: bool(given.min_items),
    "enum": lambda given: 0 in given.not_in,
    **{kind: _never for kind in ("bool", "bytes", "map", "any", "duration", "field_mask", "timestamp")},
}


def _string(given: Any) -> Schema:
    schema: Schema = {}
    if given.HasField("min_len"):
        schema["minLength"] = given.min_len
    if given.HasField("max_len"):
        schema["maxLength"] = given.max_len
    if given.pattern:
        schema["pattern"] = given.pattern
    if getattr(given, "in"):
        schema["enum"] = list(getattr(given, "in"))
    for name in _FORMATS:
        if getattr(given, name):
            schema["format"] = name
    return schema


def _number(given: Any) -> Schema:
    schema: Schema = {}
    for rule, keyword in _BOUNDS.items():
        if given.HasField(rule):
            schema[keyword] = getattr(given, rule)
    return schema


_BOUNDS: Final[Mapping[str, str]] = {
    "gte": "minimum",
    "lte": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
}


def _long(given: Any) -> Schema:
    """64-bit numbers are text in JSON, for which there is no keyword: their bounds are told in words."""
    bounds = ", ".join(f"{rule} {getattr(given, rule)}" for rule in _BOUNDS if given.HasField(rule))
    return {"x-bounds": bounds} if bounds else {}


def _repeated(given: Any) -> Schema:
    schema: Schema = {}
    if given.HasField("min_items"):
        schema["minItems"] = given.min_items
    if given.HasField("max_items"):
        schema["maxItems"] = given.max_items
    if given.unique:
        schema["uniqueItems"] = True
    items = keywords(given.items)
    return {**schema, "items": items} if items else schema


def _map(given: Any) -> Schema:
    schema: Schema = {}
    if given.HasField("max_pairs"):
        schema["maxProperties"] = given.max_pairs
    if names := keywords(given.keys):
        schema["propertyNames"] = names
    if values := keywords(given.values):
        schema["additionalProperties"] = values
    return schema


def _nothing(_given: Any) -> Schema:
    return {}


_BY_KIND: Final[Mapping[str, Callable[[Any], Schema]]] = {
    "string": _string,
    "repeated": _repeated,
    "map": _map,
    **{kind: _nothing for kind in ("bool", "bytes", "any", "duration", "field_mask", "timestamp", "enum")},
}
