"""The whole document: routes from the contracts, views from FastAPI, and what both share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from gateway.catalog import Route
from gateway.httprule import Template
from gateway.openapi import comments as comments_module
from gateway.openapi.operations import Operations
from gateway.openapi.schemas import Schemas

Schema = dict[str, Any]

VERSION: Final = "1.0.0"
_DESCRIPTION: Final = """An online shop. JSON is canonical proto3 JSON: 64-bit numbers are strings, times RFC 3339 in UTC,
unset fields are left out; requests may name fields in lowerCamelCase or in snake_case.

Errors are `application/problem+json` (RFC 9457); branch on `code`, never on `detail`."""
_PROBLEM: Final[Schema] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people."},
        "code": {"type": "string", "description": "For programs.", "examples": ["PRODUCT_NOT_FOUND"]},
        "trace_id": {"type": "string", "description": "Names this request to support."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "description"],
                "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
            },
        },
    },
}
_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeat safe: the same key and body give the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
_COMPONENTS: Final[Schema] = {
    "responses": {
        "Problem": {
            "description": "What went wrong.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    },
    "parameters": {
        "IdempotencyKey-required": {**_KEY, "required": True},
        "IdempotencyKey-optional": {**_KEY, "required": False},
        "Guest": {
            "name": "Banyan-Guest",
            "in": "header",
            "required": False,
            "description": "Names the cart of someone who is not signed in; made by the client and kept secret.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,64}$"},
        },
        "Timeout": {
            "name": "Banyan-Timeout-Ms",
            "in": "header",
            "required": False,
            "description": "Gives up after so many milliseconds, when that is sooner than the shop would.",
            "schema": {"type": "integer", "minimum": 1},
        },
    },
    "headers": {
        "IdempotencyReplayed": {
            "description": "`true` when this is the first answer again.",
            "schema": {"type": "string", "enum": ["true"]},
        }
    },
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
}


class Document:
    """Made when first asked for: it needs the contracts' comments, and nobody on the hot path needs it."""

    def __init__(self, routes: Sequence[Route], views: Sequence[APIRouter]) -> None:
        self._routes = routes
        self._views = views
        self._content: Schema | None = None

    def content(self) -> Schema:
        """The document as plain values."""
        if self._content is None:
            self._content = self._write()
        return self._content

    def _write(self) -> Schema:
        comments = comments_module.load()
        schemas = Schemas(comments)
        operations = Operations(schemas, comments)
        paths: dict[str, Schema] = {}
        used: Counter[str] = Counter()
        for route in sorted(self._routes, key=lambda route: (route.template.text, route.http_method)):
            used[route.method.name] += 1
            name = route.method.name[0].lower() + route.method.name[1:]
            count = used[route.method.name]
            operation = operations.operation(route, name if count == 1 else f"{name}{count}")
            paths.setdefault(openapi_path(route.template), {})[route.http_method.lower()] = operation
        for view in self._views:
            paths.update(get_openapi(title="", version="", routes=view.routes)["paths"])
        return {
            "openapi": "3.1.0",
            "info": {"title": "Banyan", "version": VERSION, "description": _DESCRIPTION},
            "servers": [{"url": "/"}],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": dict(sorted({**schemas.components, "Problem": _PROBLEM}.items())),
                **_COMPONENTS,
            },
        }


def openapi_path(template: Template) -> str:
    """The template without patterns: `/v1/{name=shelves/*}` is `/v1/{name}`."""
    return re.sub(r"\{([^}=]+)=[^}]*\}", r"{\1}", template.text)
