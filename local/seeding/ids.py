"""Ids that are the same in every seeded mesh: valid UUIDv7 text made from a name and a number."""

from __future__ import annotations

import hashlib
import uuid

EPOCH_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z; each number is a second later, so that ids sort in the order of their numbers."""


def fixed_id(kind: str, number: int) -> str:
    """The id of the number-th thing of a kind."""
    digest = hashlib.sha256(f"banyan seed {kind} {number}".encode()).digest()
    value = (EPOCH_MS + number * 1000) << 80 | int.from_bytes(digest[:10], "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))
