"""What can go wrong in the catalogue.

CatalogueError
├── ProductNotFound     not_found
├── CategoryNotFound    failed_precondition
├── SlugTaken           already_exists
├── EtagMismatch        aborted
└── InvalidProduct      invalid_argument, with a violation per field
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class CatalogueError(Exception):
    """Base: `kind` and `reason` say how it is told to a caller."""

    kind: ClassVar[str]
    reason: ClassVar[str]
    metadata: dict[str, str]


class ProductNotFound(CatalogueError):
    """No product of this id is on sale."""

    kind, reason = "not_found", "PRODUCT_NOT_FOUND"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"no product {product_id}")
        self.metadata = {"product_id": product_id}


class CategoryNotFound(CatalogueError):
    """A product names a category that is not there."""

    kind, reason = "failed_precondition", "CATEGORY_NOT_FOUND"

    def __init__(self, category_id: str) -> None:
        super().__init__(f"no category {category_id}; list those that are there with GET /v1/categories")
        self.metadata = {"category_id": category_id}


class SlugTaken(CatalogueError):
    """Another category has this slug."""

    kind, reason = "already_exists", "SLUG_TAKEN"

    def __init__(self, slug: str) -> None:
        super().__init__(f"another category has the slug {slug}")
        self.metadata = {"slug": slug}


class EtagMismatch(CatalogueError):
    """The product has changed since the caller saw it."""

    kind, reason = "aborted", "ETAG_MISMATCH"

    def __init__(self, product_id: str, present: str) -> None:
        super().__init__(f"product {product_id} has changed; read it again")
        self.metadata = {"product_id": product_id, "etag": present}


class InvalidProduct(CatalogueError):
    """Fields that can't be as they are."""

    kind, reason = "invalid_argument", "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {what}" for field, what in violations))
        self.metadata = {}
        self.violations = list(violations)
