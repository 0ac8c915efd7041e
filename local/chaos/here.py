"""The mesh of a home on this machine, as a run breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from local.chaos import books
from local.chaos.faults import FAULTS
from local.chaos.grip import Grip
from local.chaos.kinds import Field, Strike
from local.chaos.mesh import Fault
from local.home import Home


class Here:
    """Processes, links and stand-ins of one supervisor."""

    def __init__(self, grip: Grip) -> None:
        self._grip = grip

    async def field(self) -> Field:
        """Replicas, stores, stand-ins and links."""
        return await self._grip.field()

    def gateways(self) -> list[str]:
        """Each replica of the gateway."""
        return self._grip.gateways()

    def fault(self, strike: Strike) -> Fault:
        """By the table of `faults.py`."""
        return FAULTS[strike.kind](self._grip, strike)

    async def unready(self, deadline_s: float) -> list[str]:
        """Processes that are not ready."""
        return await self._grip.unready(deadline_s)

    def audit(self) -> books.Books:
        """Of the home's own books."""
        return books.audit(home=self._grip.home.path)


@asynccontextmanager
async def here(home: Home) -> AsyncIterator[Here]:
    """The mesh that runs there; NotRunningError when none does."""
    grip = await Grip.take(home)
    try:
        yield Here(grip)
    finally:
        await grip.close()
