"""What the outside has in its own books: payment provider, carrier, mail and sinks, over HTTP, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import httpx2

from local.audit.cases import Charge, ChargeRefund, Label
from local.errors import LocalError

TIMEOUT_S: Final = 20.0
PAGE: Final = 1000
Json = dict[str, Any]


class Ledger:
    """The ledger at one address; `name` is how a person knows it."""

    def __init__(self, name: str, url: str, client: httpx2.AsyncClient) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._client = client

    async def pages(self) -> AsyncIterator[Json]:
        """All pages, oldest entries first."""
        after: int | None = 0
        while after is not None:
            page = await self._page(after)
            yield page
            after = page["next_after"]

    async def _page(self, after: int) -> Json:
        try:
            answer = await self._client.get(f"{self._url}/v1/ledger", params={"after": after, "limit": PAGE})
            answer.raise_for_status()
            page: Json = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise LocalError(f"the ledger of {self._name} at {self._url} can't be read: {reason}") from error
        return page


async def charges(ledger: Ledger) -> Mapping[str, list[Charge]]:
    """Order → its charges, with what was given back of each."""
    found: dict[str, tuple[str, Charge]] = {}
    refunds: dict[str, list[ChargeRefund]] = defaultdict(list)
    async for page in ledger.pages():
        for entry in page["charges"]:
            found[entry["id"]] = (entry["reference"], _charge(entry))
        for entry in page["refunds"]:
            refunds[entry["charge_id"]].append(
                ChargeRefund(
                    key=entry["idempotency_key"],
                    amount_minor=entry["amount_minor"],
                    at=_time(entry["created_at"]),
                )
            )
    by_order: dict[str, list[Charge]] = defaultdict(list)
    for charge_id, (reference, charge) in found.items():
        by_order[reference].append(replace(charge, refunds=tuple(refunds.get(charge_id, ()))))
    return by_order


def _charge(entry: Json) -> Charge:
    return Charge(
        charge_id=entry["id"],
        key=entry["idempotency_key"],
        status=entry["status"],
        currency=entry["currency"],
        amount_minor=entry["amount_minor"],
        at=_time(entry["created_at"]),
    )


async def labels(ledger: Ledger) -> dict[str, list[Label]]:
    """Shipment → the labels that were bought for it."""
    found: dict[str, list[Label]] = defaultdict(list)
    async for page in ledger.pages():
        for entry in page["labels"]:
            label = Label(
                number=entry["tracking_number"], status=entry["status"], at=_time(entry["created_at"])
            )
            found[entry["reference"]].append(label)
    return found


class Taken:
    """How often a provider took each message, and since when its ledger is complete (None: from the beginning).

    `repeated` are copies that carry the mark of one that came before, by which whoever gets both knows them as one;
    they are not in `count`.
    """

    def __init__(self) -> None:
        self.count: dict[str, int] = defaultdict(int)
        self.repeated: dict[str, int] = defaultdict(int)
        self.newest: dict[str, datetime] = {}
        self.since: datetime | None = None

    def add(self, message_id: str, at: datetime) -> None:
        """One more."""
        self.count[message_id] += 1
        self.newest[message_id] = at


async def mails(ledger: Ledger) -> Taken:
    """Mails by the delivery that their Message-ID names: `<delivery@domain>`; each Message-ID counts once.

    SMTP has no keys: when the answer to a mail is lost, or its sender dies before writing it down, it has to be sent
    again. RFC 5322 (3.6.4) has one Message-ID name one message, so that copies under the same one are the same mail.
    """
    taken, seen = Taken(), set[str]()
    async for page in ledger.pages():
        for entry in page["messages"]:
            at = _time(entry["received_at"])
            if page["totals"]["removed"] and taken.since is None:
                taken.since = at
            message_id = entry["message_id"].strip("<>")
            delivery = message_id.partition("@")[0] or entry["id"]
            if message_id and message_id in seen:
                taken.repeated[delivery] += 1
                taken.newest[delivery] = at
            else:
                seen.add(message_id)
                taken.add(delivery, at)
    return taken


async def sunk(ledger: Ledger) -> Mapping[str, Taken]:
    """SMS and push messages by channel and by the delivery that is their key."""
    found = {"SMS": Taken(), "PUSH": Taken()}
    async for page in ledger.pages():
        for channel, taken in found.items():
            for entry in page[channel.lower()]:
                taken.add(entry["idempotency_key"], _time(entry["created_at"]))
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
