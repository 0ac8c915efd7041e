"""Fields named by dotted paths, as paths and queries name them: `filter.created_after=...`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.transcode import wellknown
from gateway.transcode.scalars import Parse, text_parser_of
from gateway.transcode.wellknown_decode import DECODERS

# Types that have a form in one string, and so may stand in a path or a query.
_TEXT_TYPES = frozenset({wellknown.TIMESTAMP, wellknown.DURATION, wellknown.FIELD_MASK})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that a text can fill: the names on the way to it, and how to write the text there."""

    names: tuple[str, ...]
    repeated: bool
    write: Callable[[Any, str], None]

    @property
    def path(self) -> str:
        """The path in proto names."""
        return ".".join(self.names)

    def set_in(self, message: Any, text: str) -> None:
        """Writes the text's value into the field; ValueError that says what is expected."""
        for name in self.names[:-1]:
            message = getattr(message, name)
        self.write(message, text)


def resolve(descriptor: Descriptor, path: str) -> Leaf | None:
    """The leaf of a path in proto or JSON names; None when there is none that takes a text."""
    names: list[str] = []
    parts = path.split(".")
    for position, part in enumerate(parts):
        field = _field(descriptor, part)
        if field is None:
            return None
        names.append(field.name)
        if position == len(parts) - 1:
            return _leaf(field, tuple(names))
        if field.message_type is None or field.is_repeated:
            return None
        descriptor = field.message_type
    return None


def _field(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    field: FieldDescriptor | None = descriptor.fields_by_name.get(name)
    return field or descriptor.fields_by_camelcase_name.get(name)


def _leaf(field: FieldDescriptor, names: tuple[str, ...]) -> Leaf | None:
    name, kind = field.name, field.message_type
    if kind is None:
        parse = text_parser_of(field)
        return Leaf(
            names, field.is_repeated, _append(name, parse) if field.is_repeated else _set(name, parse)
        )
    if field.is_repeated:
        return None
    if kind.full_name in _TEXT_TYPES:
        return Leaf(names, False, _read(name, DECODERS[kind.full_name]))
    if kind.full_name in wellknown.WRAPPERS:
        return Leaf(names, False, _wrap(name, text_parser_of(kind.fields_by_name["value"])))
    return None


def _set(name: str, parse: Parse) -> Callable[[Any, str], None]:
    return lambda message, text: setattr(message, name, parse(text))


def _append(name: str, parse: Parse) -> Callable[[Any, str], None]:
    return lambda message, text: getattr(message, name).append(parse(text))


def _read(name: str, read: Callable[[Any, Any], None]) -> Callable[[Any, str], None]:
    def write(message: Any, text: str) -> None:
        child = getattr(message, name)
        child.SetInParent()
        read(child, text)

    return write


def _wrap(name: str, parse: Parse) -> Callable[[Any, str], None]:
    def write(message: Any, text: str) -> None:
        child = getattr(message, name)
        child.SetInParent()
        child.value = parse(text)

    return write
