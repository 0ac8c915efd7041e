"""What a run needs of a mesh, wherever it runs."""

from __future__ import annotations

from typing import Protocol

from local.chaos.books import Books
from local.chaos.kinds import Field, Strike


class Fault(Protocol):
    """One strike at work. Both methods raise LocalError when the mesh does not do as it should."""

    async def inject(self) -> None:
        """Begins; what it does lasts until `undo`."""

    async def undo(self) -> None:
        """Ends; returns when what it needs for that is done."""


class Mesh(Protocol):
    """A running shop, and how to break it."""

    async def field(self) -> Field:
        """What there is to strike at."""

    def gateways(self) -> list[str]:
        """Base URLs of the edge, as reached from here."""

    def fault(self, strike: Strike) -> Fault:
        """The strike, ready to be done."""

    async def unready(self, deadline_s: float) -> list[str]:
        """Waits until all is ready; the names of what is not by then."""

    def audit(self) -> Books:
        """Compares all books once the shop is quiet, and blocks meanwhile; LocalError when it can't be done."""
