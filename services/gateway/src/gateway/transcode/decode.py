"""JSON → message, by a table for each message type; every wrong field is reported with its path in proto names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.transcode import wellknown
from gateway.transcode.errors import MAX_VIOLATIONS, RequestError
from gateway.transcode.scalars import parser_of, text_parser_of
from gateway.transcode.wellknown_decode import DECODERS

# Deeper than any contract; shallow enough for the recursion limits of Python and of each protobuf runtime.
MAX_DEPTH: Final = 30

Violations = list[tuple[str, str]]
# Writes a JSON value into the field of a message: (message, value, path, depth, violations).
Write = Callable[[Any, Any, str, int, Violations], None]


def parse_json(body: bytes) -> Any:
    """The JSON value of a body; raises RequestError MALFORMED_JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise RequestError(400, "MALFORMED_JSON", f"the body is not JSON: {error.msg} at {where}") from None


class JsonDecoder:
    """Decodes into messages of any type; holds the tables, so one per process is enough."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, tuple[FieldDescriptor, Write]]] = {}

    def read(self, message: Any, value: Any, violations: Violations, path: str = "", depth: int = 0) -> None:
        """Writes a JSON value into a message; what does not fit is added to `violations`."""
        descriptor = message.DESCRIPTOR
        special = self._special(descriptor)
        if special is not None:
            try:
                special(message, value)
            except ValueError as error:
                violations.append((path, str(error)))
            return
        if not isinstance(value, dict):
            violations.append((path, "must be an object"))
        elif depth >= MAX_DEPTH:
            violations.append((path, f"is nested deeper than {MAX_DEPTH} levels"))
        else:
            self._object(message, value, violations, path, depth)

    def _object(
        self, message: Any, value: dict[str, Any], violations: Violations, path: str, depth: int
    ) -> None:
        table = self._table(message.DESCRIPTOR)
        seen: dict[str, str] = {}
        for key, item in value.items():
            if len(violations) >= MAX_VIOLATIONS:
                return
            known = table.get(key)
            if known is None:
                violations.append((f"{path}.{key[:100]}" if path else key[:100], "is not a known field"))
                continue
            field, write = known
            where = f"{path}.{field.name}" if path else field.name
            if item is None and not _takes_null(field):
                continue
            oneof = field.containing_oneof
            slot = oneof.name if oneof is not None else field.name
            if slot in seen:
                violations.append((where, f"can't be given together with {seen[slot]}"))
                continue
            seen[slot] = key
            write(message, item, where, depth + 1, violations)

    def _special(self, descriptor: Descriptor) -> Callable[[Any, Any], None] | None:
        if descriptor.full_name in wellknown.WRAPPERS:
            parse = parser_of(descriptor.fields_by_name["value"])
            return lambda message, value: setattr(message, "value", parse(value))
        return DECODERS.get(descriptor.full_name)

    def field_names(self, descriptor: Descriptor) -> dict[str, FieldDescriptor]:
        """The fields of a message type by both of their names."""
        return {key: field for key, (field, _) in self._table(descriptor).items()}

    def _table(self, descriptor: Descriptor) -> dict[str, tuple[FieldDescriptor, Write]]:
        table = self._tables.get(descriptor.full_name)
        if table is None:
            table = self._tables[descriptor.full_name] = {}
            for field in descriptor.fields:
                table[field.name] = table[field.json_name] = (field, self._write(field))
        return table

    def _write(self, field: FieldDescriptor) -> Write:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._write_map(field)
        if field.message_type is not None:
            return self._write_messages(field.name) if field.is_repeated else self._write_message(field.name)
        return _write_scalars(field) if field.is_repeated else _write_scalar(field)

    def _write_message(self, name: str) -> Write:
        def write(message: Any, value: Any, path: str, depth: int, violations: Violations) -> None:
            child = getattr(message, name)
            child.SetInParent()
            self.read(child, value, violations, path, depth)

        return write

    def _write_messages(self, name: str) -> Write:
        def write(message: Any, value: Any, path: str, depth: int, violations: Violations) -> None:
            if not isinstance(value, list):
                violations.append((path, "must be an array"))
                return
            children = getattr(message, name)
            for index, item in enumerate(value):
                if len(violations) >= MAX_VIOLATIONS:
                    return
                self.read(children.add(), item, violations, f"{path}[{index}]", depth)

        return write

    def _write_map(self, field: FieldDescriptor) -> Write:
        assert field.message_type is not None
        name, entry = field.name, field.message_type.fields_by_name
        parse_key = text_parser_of(entry["key"])
        nested = entry["value"].message_type is not None
        parse = None if nested else parser_of(entry["value"])

        def write(message: Any, value: Any, path: str, depth: int, violations: Violations) -> None:
            if not isinstance(value, dict):
                violations.append((path, "must be an object"))
                return
            pairs = getattr(message, name)
            for text, item in value.items():
                if len(violations) >= MAX_VIOLATIONS:
                    return
                where = f'{path}["{text[:100]}"]'
                try:
                    key = parse_key(text)
                    if parse is not None:
                        pairs[key] = parse(item)
                    else:
                        self.read(pairs[key], item, violations, where, depth)
                except ValueError as error:
                    violations.append((where, str(error)))

        return write


def _write_scalar(field: FieldDescriptor) -> Write:
    name, parse = field.name, parser_of(field)

    def write(message: Any, value: Any, path: str, _depth: int, violations: Violations) -> None:
        try:
            setattr(message, name, parse(value))
        except ValueError as error:
            violations.append((path, str(error)))

    return write


def _write_scalars(field: FieldDescriptor) -> Write:
    name, parse = field.name, parser_of(field)

    def write(message: Any, value: Any, path: str, _depth: int, violations: Violations) -> None:
        if not isinstance(value, list):
            violations.append((path, "must be an array"))
            return
        items = getattr(message, name)
        for index, item in enumerate(value):
            if len(violations) >= MAX_VIOLATIONS:
                return
            try:
                items.append(parse(item))
            except ValueError as error:
                violations.append((f"{path}[{index}]", str(error)))

    return write


def _takes_null(field: FieldDescriptor) -> bool:
    """Whether null is a value of the field and not its absence."""
    if field.is_repeated:
        return False
    kind = field.message_type or field.enum_type
    return kind is not None and kind.full_name in (wellknown.VALUE, "google.protobuf.NullValue")
