"""Path, query and body → request message, as the route's `google.api.http` rule says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, cast
from urllib.parse import unquote_to_bytes

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from gateway.httprule import Template, Variable
from gateway.transcode import fieldpath
from gateway.transcode.decode import JsonDecoder, Violations, parse_json
from gateway.transcode.errors import MAX_VIOLATIONS, RequestError, invalid

WHOLE: Final = "*"
HTTP_BODY: Final = "google.api.HttpBody"
# Set by the edge from a header; no caller may name it otherwise.
REQUEST_ID: Final = "request_id"
_MAX_PARAMETERS: Final = 500
_JSON_TYPES: Final = re.compile(rb"application/([a-z0-9.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_SLASH: Final = re.compile(r"(%2[Ff])")


class Binder:
    """Binds the requests of one route; made once."""

    def __init__(
        self, request_type: type[Message], template: Template, body: str, decoder: JsonDecoder
    ) -> None:
        self._type = request_type
        self._descriptor = cast(Descriptor, request_type.DESCRIPTOR)
        self._decoder = decoder
        self._body = body
        self._variables = [(variable, self._leaf(variable.field_path)) for variable in template.variables]
        self._bound = {variable.field_path for variable in template.variables}
        self._parameters: dict[str, fieldpath.Leaf] = {}
        self._fills_mask = "update_mask" in self._descriptor.fields_by_name and body not in ("", WHOLE)

    def bind(self, segments: Sequence[str], query: bytes, body: bytes, content_type: bytes) -> Message:
        """The request message; raises RequestError with everything that does not fit."""
        message = self._type()
        violations: Violations = []
        if self._body and body:
            self._bind_body(message, body, content_type, violations)
        if query:
            self._bind_query(message, query, violations)
        for variable, leaf in self._variables:
            _write(leaf, message, _segment_text(variable, segments), violations)
        if violations:
            raise invalid(violations)
        return message

    def _leaf(self, path: str) -> fieldpath.Leaf:
        leaf = fieldpath.resolve(self._descriptor, path)
        if leaf is None or leaf.repeated:
            raise ValueError(
                f"{self._descriptor.full_name} has no single field {path!r} that a path can fill"
            )
        return leaf

    def _bind_body(self, message: Message, body: bytes, content_type: bytes, violations: Violations) -> None:
        target: Any = message
        if self._body != WHOLE:
            target = getattr(message, self._body)
            target.SetInParent()
        if target.DESCRIPTOR.full_name == HTTP_BODY:
            target.content_type, target.data = content_type.decode("latin-1"), body
            return
        if not _JSON_TYPES.fullmatch(content_type):
            raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "the body must be application/json")
        value = parse_json(body)
        self._decoder.read(target, value, violations, "" if self._body == WHOLE else self._body)
        if self._body == WHOLE and isinstance(value, dict) and not value.keys().isdisjoint(_REQUEST_ID_NAMES):
            violations.append((REQUEST_ID, "is given by the Idempotency-Key header"))
        if self._fills_mask and isinstance(value, dict):
            self._fill_mask(message, target.DESCRIPTOR, value)

    def _fill_mask(self, message: Any, descriptor: Descriptor, value: dict[str, Any]) -> None:
        """What a body names is what it changes, its etag apart: that says which state is meant."""
        fields = self._decoder.field_names(descriptor)
        names = (fields[key].name for key in value if key in fields)
        # Sorted, so that a repeat with its keys in another order is the same request.
        message.update_mask.paths.extend(sorted({name for name in names if name != "etag"}))

    def _bind_query(self, message: Any, query: bytes, violations: Violations) -> None:
        if self._body == WHOLE:
            violations.append(("", "takes no query parameters: all fields are in the body"))
            return
        if self._fills_mask and (b"update_mask=" in query or b"updateMask=" in query):
            message.ClearField("update_mask")  # the one that the body's keys gave
        seen: set[str] = set()
        for name, text in _parameters(query, violations):
            leaf = self._parameter(name)
            if leaf is None:
                violations.append((name[:100], "is not a known parameter"))
            elif leaf.path in seen and not leaf.repeated:
                violations.append((leaf.path, "is given more than once"))
            else:
                seen.add(leaf.path)
                _write(leaf, message, text, violations)

    def _parameter(self, name: str) -> fieldpath.Leaf | None:
        leaf = self._parameters.get(name)
        if leaf is not None:
            return leaf
        leaf = fieldpath.resolve(self._descriptor, name)
        if leaf is None or leaf.path in self._bound or leaf.names[0] in (self._body, REQUEST_ID):
            return None
        if len(self._parameters) < _MAX_PARAMETERS:  # types that contain themselves have endless names
            self._parameters[name] = leaf
        return leaf


_REQUEST_ID_NAMES: Final = frozenset({REQUEST_ID, "requestId"})


def _write(leaf: fieldpath.Leaf, message: Any, text: str | None, violations: Violations) -> None:
    if text is None:
        violations.append((leaf.path, "is not UTF-8"))
        return
    try:
        leaf.set_in(message, text)
    except ValueError as error:
        violations.append((leaf.path, str(error)))


def _segment_text(variable: Variable, segments: Sequence[str]) -> str | None:
    end = len(segments) if variable.end < 0 else variable.end
    if not variable.multi:
        return _decoded(segments[variable.start])
    pieces = _SLASH.split("/".join(segments[variable.start : end]))
    texts = [piece if _SLASH.fullmatch(piece) else _decoded(piece) for piece in pieces]
    return None if None in texts else "".join(text for text in texts if text is not None)


def _decoded(text: str) -> str | None:
    """Percent-decoded; None when that is not UTF-8."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None


def _parameters(query: bytes, violations: Violations) -> Sequence[tuple[str, str]]:
    pairs = query.split(b"&")
    if len(pairs) > _MAX_PARAMETERS:
        violations.append(("", f"has more than {_MAX_PARAMETERS} query parameters"))
        return ()
    found = []
    for pair in pairs:
        if not pair or len(violations) >= MAX_VIOLATIONS:
            continue
        name, _, value = pair.partition(b"=")
        try:
            found.append((_form_decoded(name), _form_decoded(value)))
        except UnicodeDecodeError:
            violations.append((name.decode("ascii", "replace")[:100], "is not UTF-8"))
    return found


def _form_decoded(text: bytes) -> str:
    text = text.replace(b"+", b" ")
    return (unquote_to_bytes(text) if b"%" in text else text).decode()
