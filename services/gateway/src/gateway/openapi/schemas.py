"""Messages and enums as JSON Schema, as proto3 JSON writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.openapi.rules import is_needed, keywords, rules_of
from gateway.transcode import wellknown

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"
_NUMBER: Final[Schema] = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_SCALARS: Final[Mapping[int, Schema]] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.CPPTYPE_INT64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"},
    FieldDescriptor.CPPTYPE_DOUBLE: _NUMBER,
    FieldDescriptor.CPPTYPE_FLOAT: _NUMBER,
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}
_WELL_KNOWN: Final[Mapping[str, Schema]] = {
    wellknown.TIMESTAMP: {"type": "string", "format": "date-time"},
    wellknown.DURATION: {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"]},
    wellknown.FIELD_MASK: {"type": "string", "description": "Field names joined by commas."},
    wellknown.STRUCT: {"type": "object"},
    wellknown.LIST_VALUE: {"type": "array"},
    wellknown.VALUE: {},
    "google.protobuf.Any": {"type": "object", "properties": {"@type": {"type": "string"}}},
    "google.api.HttpBody": {"type": "string", "contentMediaType": "application/octet-stream"},
}


class Schemas:
    """Collects the schemas of all types that were asked for, and of those within them."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}

    def message(self, descriptor: Descriptor) -> Schema:
        """A reference to a message's schema, or the schema itself where JSON has a form of its own."""
        special = _WELL_KNOWN.get(descriptor.full_name)
        if special is not None:
            return dict(special)
        if descriptor.full_name in wellknown.WRAPPERS:
            return {"anyOf": [self.value(descriptor.fields_by_name["value"]), {"type": "null"}]}
        if descriptor.full_name not in self.components:
            self.components[descriptor.full_name] = {}  # a type may contain itself
            self.components[descriptor.full_name] = self.object(descriptor, without=())
        return {"$ref": _REF + descriptor.full_name}

    def object(self, descriptor: Descriptor, without: Collection[str], *, request: bool = False) -> Schema:
        """The schema itself, without some fields; for requests also with what must be given."""
        fields = [field for field in descriptor.fields if field.name not in without]
        schema: Schema = {
            "type": "object",
            "properties": {field.json_name: self.field(field) for field in fields},
        }
        needed = [field.json_name for field in fields if is_needed(field)]
        if request:
            schema["additionalProperties"] = False
            if needed:
                schema["required"] = needed
        return self._described(descriptor.full_name, schema)

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field with its comment and its rules."""
        return self._described(field.full_name, self.bare_field(field))

    def bare_field(self, field: FieldDescriptor) -> Schema:
        """The same without its comment."""
        rules = keywords(rules_of(field))
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            values = self.value(entry.fields_by_name["value"])
            more = rules.pop("additionalProperties", {})
            return {"type": "object", **rules, "additionalProperties": {**values, **more}}
        value = self.value(field)
        if field.is_repeated:
            return {"type": "array", **rules, "items": {**value, **rules.pop("items", {})}}
        return {**value, **rules}

    def value(self, field: FieldDescriptor) -> Schema:
        """The schema of one value of a field."""
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        return dict(_SCALARS[field.cpp_type])

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.full_name not in self.components:
            lines = [
                f"- `{value.name}`: {self._comment(f'{enum.full_name}.{value.name}')}"
                for value in enum.values
            ]
            described = [line for line in lines if not line.endswith(": ")]
            schema: Schema = {"type": "string", "enum": [value.name for value in enum.values]}
            text = "\n\n".join(filter(None, (self._comment(enum.full_name), "\n".join(described))))
            self.components[enum.full_name] = {"description": text, **schema} if text else schema
        return {"$ref": _REF + enum.full_name}

    def _comment(self, name: str) -> str:
        return self._comments.get(name, "")

    def _described(self, name: str, schema: Schema) -> Schema:
        text = " ".join(filter(None, (self._comment(name), _bounds(schema.pop("x-bounds", "")))))
        return {"description": text, **schema} if text else schema


def _bounds(text: str) -> str:
    return f"({text.replace('gte', 'at least').replace('lte', 'at most')})" if text else ""
