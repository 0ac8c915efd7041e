"""Cart's books, which it keeps in Redis: which events had their effect on a cart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local.errors import LocalError

SETTLED: Final = "cart:settled:"
"""`cart:settled:<event id>` is set in the step that has the effect."""
KEEPS: Final = timedelta(days=8) - timedelta(hours=1)
"""A mark stays for 8 days from then on (cart's SettledTTL); streams keep events for longer. Less a margin."""
CONSUMER: Final = "cart-order"
TIMEOUT_S: Final = 20.0
CHUNK: Final = 1000


class CartBook:
    """A connection with the service's own credentials, which is only used to look for keys (SCAN).

    Redis has no snapshots: a key that is there from the beginning to the end of a look is found; one that comes
    meanwhile may be.
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, decode_responses=True
        )

    async def __aenter__(self) -> Self:
        """Raises LocalError when it does not answer or refuses the credentials."""
        with _telling():
            await self._redis.ping()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    async def settled(self) -> frozenset[str]:
        """The ids of all events of `order.confirmed` that had their effect in the last eight days."""
        with _telling():
            keys = self._redis.scan_iter(f"{SETTLED}*", count=CHUNK)
            return frozenset([key.removeprefix(SETTLED) async for key in keys])


@contextmanager
def _telling() -> Iterator[None]:
    """Says in one sentence that the books could not be read, and why."""
    try:
        yield
    except (OSError, TimeoutError, RedisError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LocalError(f"the books of cart can't be read: {reason}") from error
