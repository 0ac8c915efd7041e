"""Joins the books into cases: one stream for each kind of thing that is judged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from local.audit import ledgers, table
from local.audit.books import cart, inventory, notification, order, payment, platform, shipping
from local.audit.books.connection import Book
from local.audit.cases import (
    LONG_AGO,
    Case,
    Charge,
    ConsumerCase,
    CustomerCase,
    EventCase,
    KeyCase,
    Label,
    LetterCase,
    MessageCase,
    OrderCase,
    ParcelCase,
    StockCase,
    latest,
)
from local.audit.letters import Letter, letters
from local.audit.merge import held, merged
from local.audit.sources import Keyed, Sources
from local.events import state

OUTBOX_HAS_AFTER: Final = timedelta(seconds=15)
"""An event is made in the transaction that puts it into the outbox; none lasts longer."""
OUTBOX_KEEPS: Final = {"notification": timedelta(hours=22)}
OUTBOX_KEEPS_ELSEWHERE: Final = timedelta(days=6)
"""Published events stay in outboxes for a day in notification and seven days elsewhere; less a margin."""


@dataclass(slots=True)
class Held:
    """What has no order to be joined in, read before the cases: all of it fits into memory."""

    now: datetime
    consumers: list[state.Consumer] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    streams: frozenset[str] = frozenset()
    charges: Mapping[str, list[Charge]] = field(default_factory=dict)
    labels: Mapping[str, list[Label]] = field(default_factory=dict)
    messages: dict[str, ledgers.Taken] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()


async def read(sources: Sources, now: datetime) -> Held:
    """First how far consumers are, then all databases at one moment, then the ledgers: nothing in a later one can be
    missing in an earlier one for another reason than that it is new.
    """
    found = Held(now)
    if sources.stream is not None:
        found.consumers = await state.consumers(sources.stream)
        found.letters = await letters(sources.stream)
        found.streams = await state.streams(sources.stream)
    await sources.begin_snapshots()
    if sources.cart is not None:
        found.settled = await sources.cart.settled()
    for name, ledger in sources.ledgers.items():
        if name == "payment-provider":
            found.charges = await ledgers.charges(ledger)
        elif name == "carrier":
            found.labels = await ledgers.labels(ledger)
        elif name == "mail":
            found.messages["EMAIL"] = await ledgers.mails(ledger)
        elif name == "sinks":
            found.messages |= await ledgers.sunk(ledger)
    return found


async def order_cases(sources: Sources, known: Held) -> AsyncIterator[OrderCase]:
    """Everything about each order."""
    streams = (
        sources.rows("order", order.orders),
        sources.rows("order", order.events),
        sources.rows("inventory", inventory.reservations),
        sources.rows("payment", payment.payments),
        held(known.charges),
        sources.rows("shipping", shipping.of_orders),
        sources.rows("notification", notification.told),
    )
    async for order_id, (orders, events, reservations, payments, charges, shipments, told) in merged(
        *streams
    ):
        own, workflow, timeline = orders[0] if orders else (None, None, ())
        yield OrderCase(
            id=order_id,
            order=own,
            workflow=workflow,
            timeline=timeline,
            events=events[0] if events else (),
            reservations=tuple(reservations),
            payments=tuple(payments),
            charges=tuple(charges[0]) if charges else (),
            shipments=tuple(shipments),
            told=tuple(told),
        )


async def stock_cases(sources: Sources, _: Held) -> AsyncIterator[StockCase]:
    """Everything about each product's units."""
    streams = (
        sources.rows("inventory", inventory.levels),
        sources.rows("inventory", inventory.moved),
        sources.rows("inventory", inventory.units),
        sources.rows("order", order.units),
    )
    async for product_id, (levels, moved, units, ordered) in merged(*streams):
        level, level_row = levels[0] if levels else (None, None)
        causes, moved_row = moved[0] if moved else ({}, None)
        unit = units[0] if units else None
        bought = ordered[0] if ordered else None
        yield StockCase(
            id=product_id,
            levels=level,
            moved=causes,
            held_units=unit["held"] if unit else 0,
            sold_units=unit["sold"] if unit else 0,
            restocked_units=unit["restocked"] if unit else 0,
            ordered_units=bought["bought"] if bought else 0,
            moving_orders=bought["moving"] if bought else 0,
            changed_at=latest(
                (
                    level_row["updated_at"] if level_row else None,
                    moved_row["changed_at"] if moved_row else None,
                    bought["changed_at"] if bought else None,
                )
            ),
        )


async def customer_cases(sources: Sources, _: Held) -> AsyncIterator[CustomerCase]:
    """Each customer's figures."""
    if "order" in sources.books:
        async for case in order.customers(sources.books["order"]):
            yield case


async def parcel_cases(sources: Sources, known: Held) -> AsyncIterator[ParcelCase]:
    """Each parcel."""
    streams = (sources.rows("shipping", shipping.shipments), held(known.labels))
    async for shipment_id, (shipments, labels) in merged(*streams):
        yield ParcelCase(
            id=shipment_id,
            shipment=shipments[0] if shipments else None,
            labels=tuple(labels[0]) if labels else (),
        )


async def message_cases(sources: Sources, known: Held) -> AsyncIterator[MessageCase]:
    """Each message, and how often its channel's provider took it."""
    channels = list(known.messages)
    taken = (held(known.messages[channel].count) for channel in channels)
    async for message_id, (rows, *counts) in merged(
        sources.rows("notification", notification.deliveries), *taken
    ):
        row = rows[0] if rows else None
        elsewhere = next((name for name, count in zip(channels, counts, strict=True) if count), "")
        channel = row["channel"] if row else elsewhere
        ledger = known.messages.get(channel)
        yield MessageCase(
            id=message_id,
            channel=channel,
            state=row["state"] if row else "",
            twins=row["twins"] if row else 1,
            taken=ledger.count.get(message_id, 0) if ledger else 0,
            repeated=ledger.repeated.get(message_id, 0) if ledger else 0,
            forgotten=bool(row and ledger and ledger.since and row["changed_at"] < ledger.since),
            created_at=row["create_time"] if row else LONG_AGO,
            changed_at=latest(
                (
                    row["changed_at"] if row else None,
                    ledger.newest.get(message_id) if ledger else None,
                )
            ),
        )


async def key_cases(sources: Sources, _: Held) -> AsyncIterator[KeyCase]:
    """Each kept answer of those services whose answers tell of what they keep."""
    readers: Mapping[str, Callable[[Book], AsyncIterator[KeyCase]]] = {
        "order": order.keys,
        "payment": payment.keys,
    }
    for service, reader in readers.items():
        if service in sources.books:
            async for case in reader(sources.books[service]):
                yield case


async def consumer_cases(sources: Sources, known: Held) -> AsyncIterator[ConsumerCase]:
    """Each durable consumer that is there, or should be."""
    for consumer in known.consumers:
        yield ConsumerCase(
            id=consumer.name,
            waiting=consumer.waiting,
            unacknowledged=consumer.unacknowledged,
            behind_since=consumer.behind_since,
            changed_at=consumer.behind_since or LONG_AGO,
        )
    present = {consumer.name for consumer in known.consumers}
    for name in table.LISTENERS:
        there = table.service_of(name) in sources.target.services
        if there and table.stream_of(name).upper() in known.streams and name not in present:
            yield ConsumerCase(id=name, exists=False)


async def letter_cases(sources: Sources, known: Held) -> AsyncIterator[LetterCase]:
    """Each dead letter."""
    applied: dict[str, frozenset[str]] = {}
    for consumer in {letter.consumer for letter in known.letters}:
        book = sources.books.get(table.service_of(consumer))
        if consumer == cart.CONSUMER:
            applied[consumer] = known.settled
        elif book:
            ids = [letter.event_id for letter in known.letters if letter.consumer == consumer]
            applied[consumer] = await platform.applied(book, consumer, ids)
    for letter in known.letters:
        yield LetterCase(
            id=str(letter.sequence),
            event_id=letter.event_id,
            consumer=letter.consumer,
            subject=letter.subject,
            reason=letter.reason,
            had_effect=letter.event_id in applied.get(letter.consumer, frozenset()),
        )


async def event_cases(sources: Sources, known: Held) -> AsyncIterator[EventCase]:
    """Each event of each producer."""
    for producer in sources.books:
        async for case in _events_of(producer, sources, known):
            yield case


async def _events_of(producer: str, sources: Sources, known: Held) -> AsyncIterator[EventCase]:
    contents = state.Contents()
    if sources.stream is not None:
        contents = await state.contents(sources.stream, producer.upper(), known.now)
    listeners = [
        name
        for name in table.LISTENERS
        if table.stream_of(name) == producer and table.service_of(name) in sources.target.books
    ]
    passed = {consumer.name: consumer.passed for consumer in known.consumers}
    given_up = {(letter.consumer, letter.event_id) for letter in known.letters}
    keeps = OUTBOX_KEEPS.get(producer, OUTBOX_KEEPS_ELSEWHERE)
    streams = (
        sources.rows(producer, platform.outbox),
        held(contents.sequences),
        *(_applied_at(name, sources, known) for name in listeners),
    )
    async for event_id, (rows, places, *effects) in merged(*streams):
        row = rows[0] if rows else None
        subject, places_in_stream = (row["subject"] if row else ""), places[0] if places else ()
        published = row["published_at"] if row else None
        yield EventCase(
            id=event_id,
            producer=producer,
            subject=subject,
            in_outbox=row is not None,
            created_at=row["created_at"] if row else platform.made_at(event_id),
            published_at=published,
            sequences=places_in_stream,
            kept=published is not None and published > contents.kept_since,
            listed=OUTBOX_HAS_AFTER < known.now - platform.made_at(event_id) < keeps,
            effects=frozenset(name for found in effects for name in found),
            letters=frozenset(name for name in listeners if (name, event_id) in given_up),
            passed=frozenset(
                name
                for name in listeners
                if subject in table.LISTENERS[name]
                and places_in_stream
                and places_in_stream[0] <= passed.get(name, 0)
                and (name != cart.CONSUMER or known.now - platform.made_at(event_id) < cart.KEEPS)
            ),
        )


def _applied_at(consumer: str, sources: Sources, known: Held) -> Keyed:
    """The events that a consumer has applied, by their id."""
    if consumer == cart.CONSUMER:
        return held(dict.fromkeys(known.settled, consumer))
    return sources.rows(table.service_of(consumer), partial(platform.inbox, consumer=consumer))


GATHERERS: Final[Mapping[type[Any], Callable[[Sources, Held], AsyncIterator[Case]]]] = {
    StockCase: stock_cases,
    OrderCase: order_cases,
    ParcelCase: parcel_cases,
    MessageCase: message_cases,
    CustomerCase: customer_cases,
    KeyCase: key_cases,
    EventCase: event_cases,
    ConsumerCase: consumer_cases,
    LetterCase: letter_cases,
}
