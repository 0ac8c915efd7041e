"""A route as an OpenAPI operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.catalog import Route
from gateway.openapi.rules import is_needed
from gateway.openapi.schemas import Schemas
from gateway.policies import idempotency
from gateway.transcode import wellknown
from gateway.transcode.binding import HTTP_BODY, REQUEST_ID, WHOLE
from meshkit import access

Schema = dict[str, Any]

# Deeper parameters are bound, too, but a list of them helps nobody.
_MAX_PARAMETER_DEPTH: Final = 2
_TEXT_TYPES: Final = frozenset({wellknown.TIMESTAMP, wellknown.DURATION, wellknown.FIELD_MASK})
PROBLEM: Final[Schema] = {"$ref": "#/components/responses/Problem"}
GUEST_HEADER: Final = "Banyan-Guest"


class Operations:
    """Writes operations; the types that they name end in `schemas`."""

    def __init__(self, schemas: Schemas, comments: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._comments = comments

    def operation(self, route: Route, operation_id: str) -> Schema:
        """The operation of one route."""
        comment = self._comments.get(route.method.full_name, "")
        operation: Schema = {
            "tags": [route.upstream.capitalize()],
            "summary": _first_sentence(comment) or route.method.name,
            "description": comment + ("\n\nOnly for staff." if route.access == access.STAFF else ""),
            "operationId": operation_id,
            "parameters": list(self._parameters(route)),
            "security": [{}, {"bearer": []}] if route.access == access.PUBLIC else [{"bearer": []}],
            "responses": self._responses(route),
        }
        if route.body:
            operation["requestBody"] = self._body(route)
        return operation

    def _parameters(self, route: Route) -> Iterator[Schema]:
        bound = {variable.field_path for variable in route.template.variables}
        for path in sorted(bound):
            field = _field_of(route.method.input_type, path)
            yield self._parameter(field, path, "path", required=True)
        if route.body != WHOLE:
            hidden = {route.body, REQUEST_ID, *bound}
            yield from self._query(route.method.input_type, "", hidden, 0)
        if route.idempotency:
            kind = "required" if route.idempotency == idempotency.REQUIRED else "optional"
            yield {"$ref": f"#/components/parameters/IdempotencyKey-{kind}"}
        if GUEST_HEADER in self._comments.get(route.method.containing_service.full_name, ""):
            yield {"$ref": "#/components/parameters/Guest"}
        yield {"$ref": "#/components/parameters/Timeout"}

    def _query(self, descriptor: Descriptor, prefix: str, hidden: set[str], depth: int) -> Iterator[Schema]:
        for field in descriptor.fields:
            if not prefix and field.name in hidden:
                continue
            kind, name = field.message_type, f"{prefix}{field.json_name}"
            if kind is None or kind.full_name in _TEXT_TYPES or kind.full_name in wellknown.WRAPPERS:
                yield self._parameter(field, name, "query", required=not prefix and is_needed(field))
            elif not field.is_repeated and depth < _MAX_PARAMETER_DEPTH:
                yield from self._query(kind, f"{name}.", hidden, depth + 1)

    def _parameter(self, field: FieldDescriptor, name: str, place: str, *, required: bool) -> Schema:
        parameter: Schema = {
            "name": name,
            "in": place,
            "required": required,
            "schema": self._schemas.bare_field(field),
        }
        if comment := self._comments.get(field.full_name):
            parameter["description"] = comment
        return parameter

    def _body(self, route: Route) -> Schema:
        message = route.method.input_type
        if route.body == WHOLE:
            bound = {variable.field_path for variable in route.template.variables}
            schema = self._schemas.object(message, {REQUEST_ID, *bound}, request=True)
            return {
                "required": bool(schema.get("required")),
                "content": {"application/json": {"schema": schema}},
            }
        field = message.fields_by_name[route.body]
        assert field.message_type is not None
        media = "*/*" if field.message_type.full_name == HTTP_BODY else "application/json"
        return {"required": is_needed(field), "content": {media: {"schema": self._schemas.value(field)}}}

    def _responses(self, route: Route) -> Schema:
        success: Schema = {"description": "Done."}
        if route.http_status != 204:
            output = route.method.output_type
            if route.response_body:
                schema = self._schemas.value(output.fields_by_name[route.response_body])
            else:
                schema = self._schemas.message(output)
            success = {"description": "The answer.", "content": {"application/json": {"schema": schema}}}
        if route.idempotency:
            success["headers"] = {
                "Idempotency-Replayed": {"$ref": "#/components/headers/IdempotencyReplayed"}
            }
        responses: Schema = {str(route.http_status): success, "400": PROBLEM}
        if route.http_method != "GET" and route.http_status != 204:
            responses["2XX"] = success  # a servicer may answer 202 when it has not finished
        if route.access != access.PUBLIC:
            responses["401"] = PROBLEM
        if route.access == access.STAFF:
            responses["403"] = PROBLEM
        return {**responses, "default": PROBLEM}


def _first_sentence(comment: str) -> str:
    flat = " ".join(comment.split())
    end = min((at for at in (flat.find(". "), flat.find(": ")) if at >= 0), default=len(flat))
    return flat[:end].rstrip(".")


def _field_of(descriptor: Descriptor, path: str) -> FieldDescriptor:
    *parents, name = path.split(".")
    for parent in parents:
        inner = descriptor.fields_by_name[parent].message_type
        assert inner is not None
        descriptor = inner
    return descriptor.fields_by_name[name]
