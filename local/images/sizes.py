"""How large images are, and how large they may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from local import topology
from local.images import table
from local.images.builder import Builder
from local.images.table import Image

LIMITS_MB: Final = {"python": 110.0, "go": 25.0, "java": 90.0, "typescript": 120.0}
"""What a service may add to its base; a Go service's base is next to nothing."""


@dataclass(frozen=True, slots=True)
class Size:
    """One image's size; megabytes of a million bytes."""

    image: Image
    base: str
    total_mb: float
    base_mb: float
    limit_mb: float | None

    @property
    def added_mb(self) -> float:
        """Above its base; a Go service counts whole."""
        return self.total_mb if self.limit_mb == LIMITS_MB["go"] else self.total_mb - self.base_mb

    @property
    def too_large(self) -> bool:
        """Whether it is above its limit."""
        return self.limit_mb is not None and self.added_mb > self.limit_mb

    def row(self) -> list[str]:
        """For people."""
        limit = "" if self.limit_mb is None else f"{self.limit_mb:.0f}"
        return [self.image.name, f"{self.added_mb:.1f}", limit, f"{self.total_mb:.1f}", self.base]

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "image": self.image.name,
            "added_mb": round(self.added_mb, 1),
            "limit_mb": self.limit_mb,
            "total_mb": round(self.total_mb, 1),
            "base": self.base,
        }


def sizes(builder: Builder, images: Iterable[Image], registry: str) -> list[Size]:
    """Of built images; LocalError for one that is not built."""
    languages = {row.name: row.language for row in topology.SERVICES}
    found = []
    for image in images:
        name = f"{registry}/{image.repository}" if registry else image.repository
        base = table.bases(image)[-1]
        limit = LIMITS_MB.get(languages.get(image.name, ""))
        total = builder.size(f"{name}:{table.tag(image)}") / 1e6
        found.append(Size(image, base, total, builder.size(base) / 1e6, limit))
    return found
