"""Events: contract, recorded example, producer and consumers say the same."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from meshkit.clock import FakeClock
from meshkit.events import Event
from meshkit.inbox import Handlers
from meshkit.postgres import Database
from order.adapters.incoming_events import EventHandlers
from order.app.follow_events import FollowEvents
from shipping.adapters.order_events import OrderEvents
from tests.contract import produced
from tests.contract.contracts import ROOT, comments, files, report
from tests.support.topology import EVENTS, LANGUAGES, NAMES, EventRow

EXAMPLES: Final = Path(__file__).with_name("events")
BY_SUBJECT: Final = {row.subject: row for row in EVENTS}
TOLD: Final = re.compile(r"`([a-z]+\.[a-z_]+)`")
LITERAL: Final = re.compile(r"""["']([a-z]+\.[a-z_]+)["']""")
SOURCES: Final = {
    "python": ("src/**/*.py",),
    "go": ("internal/adapters/**/*.go", "internal/bootstrap/*.go"),
    "java": ("src/main/java/**/*.java",),
    "typescript": ("src/**/*.ts",),
}
# Fields that an example can't show, because what is told excludes them.
ABSENT: Final[dict[str, set[str]]] = {
    "order.placed": {
        "order.payment_id",
        "order.shipment_id",
        "order.rejection_reason",
        "order.refunded.minor_units",
    },
    "order.confirmed": {"order.shipment_id", "order.rejection_reason", "order.refunded.minor_units"},
    "order.rejected": {"order.payment_id", "order.shipment_id", "order.refunded.minor_units"},
    "order.cancelled": {"order.rejection_reason"},
    "order.fulfilled": {"order.rejection_reason", "order.refunded.minor_units"},
    "payment.charged": {"payment.decline_code", "payment.refunds", "payment.refunded.minor_units"},
    "payment.failed": {"payment.refunds", "payment.refunded.minor_units"},
    "payment.refunded": {"payment.decline_code"},
    "shipping.created": {"shipment.tracking_number", "shipment.tracking_events"},
    "notification.failed": {"notification.send_time"},
}


def message_class(row: EventRow) -> type[Message]:
    """The generated class of an event."""
    for file in files():
        for message in file.message_types_by_name.values():
            if message.full_name == row.message:
                return GetMessageClass(message)
    raise AssertionError(f"{row.message} is in no contract")


def example(row: EventRow) -> Message:
    """The recorded example; unknown fields are an error."""
    return json_format.Parse((EXAMPLES / f"{row.subject}.json").read_text(), message_class(row)())


def source(service: str) -> str:
    """All code of a service that could name a subject, comments aside."""
    folder = ROOT / "services" / service
    texts = [
        path.read_text()
        for pattern in SOURCES[LANGUAGES[service]]
        for path in sorted(folder.glob(pattern))
        if "gen" not in path.parts and not path.name.endswith("_test.go")
    ]
    return re.sub(r"^\s*(//|#|\*|/\*).*$", "", "\n".join(texts), flags=re.MULTILINE)


def test_the_table_is_the_contracts() -> None:
    told = {}
    for file in files():
        for message in file.message_types_by_name.values() if file.name.endswith("_events.proto") else ():
            subject = TOLD.match(comments().get(message.full_name, ""))
            assert subject, f"the comment of {message.full_name} begins with its `subject`"
            told[subject[1]] = message.full_name
    assert told == {row.subject: row.message for row in EVENTS}, (
        "tests/support/topology.py and *_events.proto differ"
    )


def test_subjects_are_named_after_their_producer() -> None:
    report([row.subject for row in EVENTS if row.producer not in NAMES], "<service>.<what happened>")
    report(
        [row.subject for row in EVENTS if f"banyan.{row.producer}.v1." not in row.message],
        "its producer's package",
    )
    report([row.subject for row in EVENTS if row.producer in row.consumers], "nobody listens to themselves")


def test_every_event_has_an_example_and_every_example_an_event() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(BY_SUBJECT)


@pytest.mark.parametrize("subject", BY_SUBJECT)
def test_an_example_is_canonical_json_of_its_message(subject: str) -> None:
    text = (EXAMPLES / f"{subject}.json").read_text()
    again = json.dumps(json_format.MessageToDict(example(BY_SUBJECT[subject])), indent=2, ensure_ascii=False)
    assert text == again + "\n"


@pytest.mark.parametrize("subject", BY_SUBJECT)
def test_an_example_shows_every_field(subject: str) -> None:
    """A new field needs an example, so that consumers have seen it."""
    assert set(_empty(example(BY_SUBJECT[subject]))) == ABSENT.get(subject, set())


def _empty(message: Any, prefix: str = "") -> Iterator[str]:
    for field in message.DESCRIPTOR.fields:
        value, name = getattr(message, field.name), f"{prefix}{field.name}"
        is_message = field.message_type is not None
        if field.is_repeated:
            is_map = is_message and field.message_type.GetOptions().map_entry
            if not value:
                yield name
            elif is_message and not is_map:
                yield from _empty(value[0], f"{name}.")
        elif is_message and not message.HasField(field.name):
            yield name
        elif is_message and not field.message_type.full_name.startswith("google.protobuf."):
            yield from _empty(value, f"{name}.")
        elif not is_message and value == field.default_value:
            yield name


@pytest.mark.parametrize("subject", sorted(produced.by_python()))
def test_a_python_producer_tells_exactly_the_example(subject: str) -> None:
    assert json_format.MessageToDict(produced.by_python()[subject]) == json_format.MessageToDict(
        example(BY_SUBJECT[subject])
    )


def test_every_python_event_is_produced() -> None:
    wanted = {row.subject for row in EVENTS if LANGUAGES[row.producer] == "python"}
    assert set(produced.by_python()) == wanted


@pytest.mark.parametrize("row", EVENTS, ids=lambda row: row.subject)
def test_the_producer_makes_the_message(row: EventRow) -> None:
    name = row.message.rsplit(".", 1)[1]
    assert re.search(rf"\b{name}(Schema)?\b", source(row.producer)), f"{row.producer} never makes {name}"


@pytest.mark.parametrize("service", NAMES)
def test_a_service_listens_to_what_the_table_says(service: str) -> None:
    named = {subject for subject in LITERAL.findall(source(service)) if subject in BY_SUBJECT}
    heard = {subject for subject in named if BY_SUBJECT[subject].producer != service}
    assert heard == {row.subject for row in EVENTS if service in row.consumers}


def python_handlers() -> dict[str, Handlers]:
    """What the Python consumers do, by service."""
    clock = FakeClock(produced.at(5))
    order = EventHandlers(FollowEvents(clock), clock)
    return {"shipping": OrderEvents(clock).handlers(), "order": {**order.of_shipping, **order.of_payment}}


def test_python_consumers_expect_the_producers_message() -> None:
    for service, handlers in python_handlers().items():
        found = {subject: message.DESCRIPTOR.full_name for subject, (message, _) in handlers.items()}
        assert found == {row.subject: row.message for row in EVENTS if service in row.consumers}


@pytest.mark.parametrize(
    ("service", "subject"),
    [(service, subject) for service, handlers in python_handlers().items() for subject in handlers],
)
async def test_a_python_consumer_digests_the_example(
    service: str, subject: str, database: Callable[[Path | str], str]
) -> None:
    row = BY_SUBJECT[subject]
    _, handler = python_handlers()[service][subject]
    received = Event(
        id="01958f5e-6a00-7000-8000-00000000000b",
        subject=subject,
        type=row.message,
        time=produced.at(5),
        entity_id=produced.ORDER,
        message=message_class(row).FromString(example(row).SerializeToString()),
        delivery_count=1,
    )
    store = Database(database(ROOT / "services" / service), 2)
    async with asyncio.timeout(20):
        await store.start()
        try:
            async with store.transaction() as connection:
                await handler(received, connection)
                if (service, subject) == ("shipping", "order.confirmed"):
                    row_made = await connection.fetchrow("SELECT order_id::text, weight_grams FROM shipments")
                    assert row_made is not None and tuple(row_made) == (produced.ORDER, 800)
        finally:
            await store.stop(1)


def test_examples_hold_to_the_rules_of_their_fields() -> None:
    """Ids are ids: what consumers store in a uuid column."""
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    problems = []
    for row in EVENTS:
        for name, value in _ids(json_format.MessageToDict(example(row), preserving_proto_field_name=True)):
            if name != "provider_charge_id" and not uuid.fullmatch(value):
                problems.append(f"{row.subject}: {name} {value}")
    report(problems, "UUIDv7 as text")


def _ids(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.endswith("_id"):
                yield name, inner
            yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)
