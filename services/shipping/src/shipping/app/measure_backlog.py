"""The service's scaling signal: how long the oldest shipment has been waiting for its label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shipping.app.ports import Clock, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureBacklog:
    """One measurement, handed to `show` in seconds; 0 when nothing waits."""

    store: Store
    clock: Clock
    show: Callable[[float], None]

    async def run(self) -> None:
        """Measures once."""
        oldest = await self.store.oldest_unlabelled()
        age_s = 0.0 if oldest is None else (self.clock.now() - oldest).total_seconds()
        self.show(max(age_s, 0.0))
