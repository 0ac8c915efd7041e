"""PostgreSQL, NATS JetStream and Redis from Python wheels: no root, no Docker, loopback only, lasting data."""

from __future__ import annotations

from pathlib import Path

BEGIN_ANEW = "begin anew with `./banyan down --wipe` (all local data is lost)"


def damaged(folder: Path) -> str:
    """What to do about a store that does not start."""
    return f"if its data in {folder} is damaged, {BEGIN_ANEW}"
