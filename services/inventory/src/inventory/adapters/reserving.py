"""Gathers the reservations that come at the same time, so that they share a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from inventory.app.ports import Warehouse
from inventory.app.reserve_together import Ask, Outcome, reserve_each
from inventory.domain.reservation import Reservation
from meshkit import tracing
from meshkit.clock import Clock
from meshkit.coalescing import Coalesced
from meshkit.context import deadline_in

LIMIT_S: Final = 3.0
"""For a whole batch; a caller's own deadline may end before."""
LANES: Final = 3
"""Batches at once: while one is being written out, the next ones collect and ask for their locks."""
LARGEST: Final = 64


class Reserving:
    """Implements the `Reserver` port: alone when nobody else asks at that moment, else together."""

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._together: Coalesced[Ask, Outcome] = Coalesced(self._all, max_batch=LARGEST, lanes=LANES)

    async def reserve(self, ask: Ask) -> Reservation:
        """As `app.reserve.reserve`, with the same errors."""
        outcome = await self._together.get(ask)
        if isinstance(outcome, Reservation):
            return outcome
        assert outcome is not None
        raise outcome

    async def _all(self, asks: Sequence[Ask]) -> Mapping[Ask, Outcome]:
        with deadline_in(LIMIT_S), tracing.internal_span("reserve"):
            return await reserve_each(self._warehouse, asks, self._clock)
