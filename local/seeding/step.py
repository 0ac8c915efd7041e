"""Seeding as the last step of the first `up`."""

from __future__ import annotations

from local.mesh import Mesh


async def seed_when_needed(mesh: Mesh) -> None:
    """Comes with the services."""
