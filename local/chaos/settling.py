"""After the last fault: what was never answered is asked again, and every order must come to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from local.chaos.client import Client
from local.chaos.ordering import Ordering
from local.chaos.people import Person
from local.chaos.records import Records
from local.errors import LocalError

UNFINISHED: Final = frozenset({"ORDER_STATE_PENDING", "ORDER_STATE_CANCELLING"})
FINISHED_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 1.0
AT_ONCE: Final = 8


@dataclass(slots=True)
class Settled:
    """How the shop's orders stand in the end: id → state."""

    states: dict[str, str] = field(default_factory=dict)
    finished_after_s: float | None = None
    """From the last fault's end until no order was under way; None when some still were after 60 s."""

    @property
    def unfinished(self) -> list[str]:
        """Ids of orders that are still under way."""
        return sorted(order for order, state in self.states.items() if state in UNFINISHED)


async def ask_again(records: Records, ordering: Ordering) -> None:
    """Repeats each order that was never answered, with its key: that it is one order or none must come out now."""
    silent = [each for each in records.orders if not each.told]
    slots = asyncio.Semaphore(AT_ONCE)

    async def again(index: int) -> None:
        async with slots:
            await ordering.place(silent[index])

    await asyncio.gather(*(again(index) for index in range(len(silent))))


async def settle(client: Client, people: Sequence[Person], last_fault_s: float) -> Settled:
    """Looks until no order is under way, for at most 60 s after the last fault."""
    while True:
        settled = Settled({state[0]: state[1] for state in await _all_orders(people)})
        since_s = client.now_s() - last_fault_s
        if not settled.unfinished:
            settled.finished_after_s = since_s
            return settled
        if since_s > FINISHED_WITHIN_S:
            return settled
        await asyncio.sleep(LOOK_EVERY_S)


async def _all_orders(people: Sequence[Person]) -> list[tuple[str, str]]:
    found = []
    for person in people:
        token = ""
        while True:
            path = "/v1/orders?page_size=100" + (f"&page_token={token}" if token else "")
            page = await person.send("session", "GET", path)
            if not page.good:
                raise LocalError(f"the orders can't be read after the last fault: {page.status} {page.code}")
            found += [(each["orderId"], each["state"]) for each in page.body.get("orders", ())]
            token = page.body.get("nextPageToken", "")
            if not token:
                break
    return found
