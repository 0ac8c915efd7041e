"""The `buf.validate` rules of a request, checked before its handler runs."""

from __future__ import annotations

from typing import Any

import protovalidate
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from meshkit.errors import PlatformError

_validator = protovalidate.Validator()


def has_rules(descriptor: Descriptor) -> bool:
    """Whether a message, or any message in it, has a `buf.validate` rule at all."""
    seen: set[str] = set()
    waiting = [descriptor]
    while waiting:
        found = waiting.pop()
        if found.full_name in seen:
            continue
        seen.add(found.full_name)
        marked = [found, *found.oneofs, *found.fields]
        if any(_has_validate_option(each) for each in marked):
            return True
        waiting += [field.message_type for field in found.fields if field.message_type is not None]
    return False


def _has_validate_option(descriptor: Any) -> bool:
    """Whatever is set on it by an extension of the package `buf.validate`."""
    fields = descriptor.GetOptions().ListFields()
    return any(field.is_extension and field.full_name.startswith("buf.validate.") for field, _ in fields)


def check(request: Message) -> None:
    """Raises INVALID_ARGUMENT with each broken rule, e.g. `("items[0].quantity", "must be > 0")`."""
    violations = _validator.collect_violations(request)
    if not violations:
        return
    named = [(_path(found.proto.field), found.proto.message or found.proto.rule_id) for found in violations]
    fields = ", ".join(path or "the request" for path, _ in named[:5])
    raise PlatformError(
        "invalid_argument", "INVALID_ARGUMENT", f"the request is not valid: {fields}", violations=named
    )


def _path(field: Any) -> str:
    """A `buf.validate.FieldPath` in text: proto names joined by dots, subscripts in brackets."""
    parts: list[str] = []
    for element in field.elements if field else ():
        parts.append(f"{'.' if parts else ''}{element.field_name}{_subscript(element.subscript)}")
    return "".join(parts)


def _subscript(subscript: Any) -> str:
    if subscript is None:
        return ""
    value = subscript.value
    return f'["{value}"]' if isinstance(value, str) else f"[{str(value).lower()}]"
