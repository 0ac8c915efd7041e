"""What is under way in the mesh, and waiting until nothing is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from local.audit.sources import Sources
from local.events import state

HOLD_S: Final = 2.0
"""Nothing may be under way for so long: what one part has handed on is then seen at the next."""
MARGIN_S: Final = 1.0
"""A row tells when its transaction began to write; it may have been committed so much later."""
LOOK_EVERY_S: Final = 0.25
TELL_EVERY_S: Final = 2.0

OUTBOX: Final = "SELECT count(*) AS count, min(created_at) AS since FROM outbox WHERE published_at IS NULL"
WORK: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "order",
        "active workflows",
        "SELECT count(*) AS count, min(step_started_at) AS since FROM workflows WHERE status = 'active'",
    ),
    (
        "payment",
        "unknown charges",
        "SELECT count(*) AS count, min(created_at) AS since FROM payments WHERE state = 'PENDING'",
    ),
    (
        "payment",
        "refunds under way",
        "SELECT count(*) AS count, min(created_at) AS since FROM refunds WHERE state = 'PENDING'",
    ),
    (
        "shipping",
        "labels to buy or take back",
        "SELECT count(*) AS count, min(created_at) AS since FROM shipments WHERE state = 'pending' OR void_requested",
    ),
    (
        "notification",
        "messages to send",
        "SELECT count(*) AS count, min(create_time) AS since FROM deliveries WHERE state IN ('PENDING', 'SENDING')",
    ),
)


@dataclass(frozen=True, slots=True)
class Moving:
    """Work that is under way, and since when the oldest of it is.

    `holds_back`: what it leads to is not there yet, so that nothing younger can be judged across services.
    """

    what: str
    count: int
    since: datetime | None
    holds_back: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.count}"


@dataclass(frozen=True, slots=True)
class Calm:
    """How the mesh stood when waiting ended: what changed after `cutoff` was still moving."""

    quiet: bool
    cutoff: datetime
    moving: tuple[Moving, ...] = ()
    waited_s: float = 0.0


async def under_way(sources: Sources) -> tuple[Moving, ...]:
    """All work that is under way now. Databases first: what leaves an outbox meanwhile is then seen at its consumers."""
    found = []
    for name, book in sources.books.items():
        (row,) = await book.fetch(OUTBOX)
        found.append(Moving(f"events of {name} to publish", row["count"], row["since"], True))
    for name, what, statement in WORK:
        if name in sources.books:
            (row,) = await sources.books[name].fetch(statement)
            found.append(Moving(what, row["count"], row["since"]))
    if sources.stream is not None:
        for consumer in await state.consumers(sources.stream):
            left = consumer.waiting + consumer.unacknowledged
            found.append(Moving(f"events for {consumer.name}", left, consumer.behind_since, True))
    return tuple(each for each in found if each.count)


async def wait_for_quiet(
    sources: Sources, wait_s: float, settle_s: float, tell: Callable[[str], None]
) -> Calm:
    """Returns as soon as nothing is under way for two seconds, or after `wait_s` with what still is.

    Without quiet the cut-off lies `settle_s` back, or at the oldest event that is not yet where it goes.
    """
    begun, told, calm_since = time.monotonic(), float("-inf"), None
    while True:
        looked_at, tick = datetime.now(UTC), time.monotonic()
        moving = await under_way(sources)
        calm_since = None if moving else calm_since if calm_since is not None else tick
        waited = time.monotonic() - begun
        if calm_since is not None and tick - calm_since >= HOLD_S:
            return Calm(True, looked_at - timedelta(seconds=MARGIN_S), (), waited)
        if waited >= wait_s:
            return Calm(False, settled_before(looked_at, moving, settle_s), moving, waited)
        if moving and time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            tell("waiting for quiet: " + ", ".join(map(str, moving)))
        await asyncio.sleep(LOOK_EVERY_S)


def settled_before(now: datetime, moving: Sequence[Moving], settle_s: float) -> datetime:
    """What has not changed since then can be judged although other things move."""
    oldest = [each.since for each in moving if each.holds_back and each.since is not None]
    return min([now - timedelta(seconds=settle_s), *(since - timedelta(seconds=1) for since in oldest)])
