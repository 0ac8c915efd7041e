"""The published document, OpenAPI 3.1, from the same descriptors that the routes come from."""

from gateway.openapi.document import Document

__all__ = ["Document"]
