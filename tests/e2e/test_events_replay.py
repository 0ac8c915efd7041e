"""`./banyan events tail | dlq | replay` as a person calls them: what could not be handled is found, and handled once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Thread
from typing import Any, Final

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg

from meshkit.clock import uuid7
from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.mesh import ROOT, RunningMesh
from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(300)
DEADLINE_S: Final = 60.0
GIVEN_UP_S: Final = 90.0
"""Six deliveries of an event take 31 s."""
LISTENERS: Final = {"cart-order", "notification-order", "shipping-order"}
SUBJECT: Final = "order.confirmed"
Json = dict[str, Any]


def command(*words: str) -> list[str]:
    return [str(ROOT / "banyan"), "events", *words]


def environment(mesh: RunningMesh) -> dict[str, str]:
    return {**os.environ, "BANYAN_HOME": str(mesh.home), "NO_COLOR": "1"}


def events(mesh: RunningMesh, *words: str) -> subprocess.CompletedProcess[str]:
    """One `./banyan events`, with nobody there to be asked."""
    return subprocess.run(
        command(*words),
        cwd=ROOT,
        env=environment(mesh),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def letters(mesh: RunningMesh, event_id: str) -> dict[str, Json]:
    """Consumer → its dead letter of this event, as `dlq --json` lists it."""
    done = events(mesh, "dlq", "--json")
    assert done.returncode == 0, done.stderr
    every = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["consumer"]: each for each in every if each["id"] == event_id}


@asynccontextmanager
async def broker(mesh: RunningMesh) -> AsyncIterator[JetStreamContext]:
    """The mesh's broker."""
    client = await nats.connect(mesh.run("dsn", "nats").strip())
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def rows(mesh: RunningMesh, service: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """A statement on a service's database, with its role."""
    connection = await asyncpg.connect(mesh.run("dsn", service).strip())
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


@contextmanager
def no_new_shipments(mesh: RunningMesh) -> Iterator[None]:
    """Shipping's database takes none, as after a wrong migration."""
    add = "ALTER TABLE shipments ADD CONSTRAINT nothing_new CHECK (created_at < '2000-01-01') NOT VALID"
    asyncio.run(rows(mesh, "shipping", add))
    try:
        yield
    finally:
        asyncio.run(rows(mesh, "shipping", "ALTER TABLE shipments DROP CONSTRAINT nothing_new"))


def effects(mesh: RunningMesh, buyer: Shop, order_id: str) -> tuple[int, int, int, int]:
    """Of an order: its shipments, how often each was told of, its confirmation mails, and what is in the buyer's cart."""
    told = (
        "SELECT 1 FROM outbox JOIN shipments ON entity_id IN (shipments.id::text, order_id::text)"
        " WHERE subject = 'shipping.created' AND order_id::text = $1"
    )
    shipments = asyncio.run(
        rows(mesh, "shipping", "SELECT 1 FROM shipments WHERE order_id::text = $1", order_id)
    )
    mails = [each for each in mesh.mails(buyer.email) if "confirmed" in each["subject"].lower()]
    (line,) = buyer.get("/v1/cart")["cart"]["items"]
    return (
        len(shipments),
        len(asyncio.run(rows(mesh, "shipping", told, order_id))),
        len(mails),
        line["quantity"],
    )


async def published(mesh: RunningMesh, event_id: str, trace: str) -> None:
    """An event that no consumer can read."""
    headers = {
        "ce-id": event_id,
        "ce-type": "banyan.order.v1.OrderConfirmed",
        "ce-subject": "poison",
        "ce-time": "2026-01-01T00:00:00Z",
        "traceparent": trace,
        "Nats-Msg-Id": event_id,
    }
    async with broker(mesh) as stream:
        await stream.publish(SUBJECT, b"\xff\xff\xff", headers=headers)


async def forget(mesh: RunningMesh, event_id: str) -> None:
    """Takes an event that never was out of the streams again, that nobody audits it."""
    async with broker(mesh) as stream:
        for name in ("ORDER", "DLQ"):
            state = (await stream.stream_info(name)).state
            for sequence in range(state.first_seq, state.last_seq + 1):
                found = await _stored(stream, name, sequence)
                if found is not None and (found.headers or {}).get("ce-id") == event_id:
                    await stream.delete_msg(name, sequence)


async def _stored(stream: JetStreamContext, name: str, sequence: int) -> RawStreamMsg | None:
    try:
        return await stream.get_msg(name, seq=sequence)
    except nats.js.errors.NotFoundError:
        return None


def test_poison_is_listed_with_its_reason_and_its_trace(mesh: RunningMesh) -> None:
    event_id, trace = str(uuid7()), f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"
    asyncio.run(published(mesh, event_id, trace))
    try:
        assert eventually(lambda: letters(mesh, event_id).keys() == LISTENERS, deadline_s=30)
        for letter in letters(mesh, event_id).values():
            assert letter["subject"] == SUBJECT
            assert letter["traceparent"].split("-")[1] == trace.split("-")[1]
            assert letter["reason"]
            assert letter["data"] == "not a banyan.order.v1.OrderConfirmed, 3 bytes"
        shown = events(mesh, "dlq")
        sequences = {each["sequence"] for each in letters(mesh, event_id).values()}
        listed = [line.split() for line in shown.stdout.splitlines()]
        assert {str(each) for each in sequences} <= {words[0] for words in listed if words}
        again = events(mesh, "replay", str(min(sequences)), "--yes")
        assert again.returncode == 0, again.stderr

        def newest() -> set[str]:
            found = letters(mesh, event_id)
            return {name for name, each in found.items() if each["sequence"] > max(sequences)}

        # As unreadable as before, and at once: every consumer gives it up again, and the broker drops none of the letters.
        assert eventually(lambda: newest() == LISTENERS, deadline_s=30)
    finally:
        asyncio.run(forget(mesh, event_id))


def test_a_replay_has_its_effect_once(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=5)
    buyer.put_in_cart(product, 5)
    with no_new_shipments(mesh):
        order_id = buyer.place((product, 2))["orderId"]
        event = "SELECT id::text FROM outbox WHERE subject = 'order.confirmed' AND entity_id = $1"
        ((event_id,),) = asyncio.run(rows(mesh, "order", event, order_id))
        assert eventually(lambda: letters(mesh, event_id), deadline_s=GIVEN_UP_S, interval_s=2.0)
        letter = letters(mesh, event_id)["shipping-order"]
        assert "nothing_new" in letter["reason"]
        assert letter["traceparent"]
    sequence = str(letter["sequence"])
    before = effects(mesh, buyer, order_id)
    assert before == (0, 0, 1, 3)

    dry = events(mesh, "replay", sequence, "--dry-run")
    assert (dry.returncode, "nothing_new" in dry.stdout) == (0, True), dry.stderr
    unasked = events(mesh, "replay", sequence)
    assert (unasked.returncode, "repeat with --yes" in unasked.stderr) == (1, True)
    assert letters(mesh, event_id) == {"shipping-order": letter}
    assert effects(mesh, buyer, order_id) == before

    async def stored() -> RawStreamMsg:
        async with broker(mesh) as stream:
            return await stream.get_msg("DLQ", seq=letter["sequence"])

    kept = asyncio.run(stored())
    replayed = events(mesh, "replay", sequence, "--yes")
    assert (replayed.returncode, "1 sent again" in replayed.stdout) == (0, True), replayed.stderr
    assert eventually(lambda: effects(mesh, buyer, order_id) == (1, 1, 1, 3))
    assert letters(mesh, event_id) == {}
    gone = events(mesh, "replay", sequence, "--yes")
    assert (gone.returncode, f"no dead letter {sequence}" in gone.stderr) == (1, True)

    async def once_more() -> None:
        assert kept.headers is not None
        headers = {name: value for name, value in kept.headers.items() if name != "Nats-Msg-Id"}
        async with broker(mesh) as stream:
            await stream.publish(kept.subject or "", kept.data or b"", headers=headers)

    asyncio.run(once_more())
    second = letters(mesh, event_id)["shipping-order"]
    repeated = events(mesh, "replay", str(second["sequence"]), "--yes")
    assert repeated.returncode == 0, repeated.stderr
    assert eventually(lambda: asyncio.run(handled(mesh)))
    assert effects(mesh, buyer, order_id) == (1, 1, 1, 3)
    assert letters(mesh, event_id) == {}


async def handled(mesh: RunningMesh) -> bool:
    """Whether every consumer of orders has acknowledged all there is."""
    async with broker(mesh) as stream:
        infos = [await stream.consumer_info("ORDER", name) for name in LISTENERS]
    return not any(info.num_pending or info.num_ack_pending for info in infos)


def test_tail_shows_what_happens_until_it_is_interrupted(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=50)
    seen: list[Json] = []
    placed: set[str] = set()

    def shown() -> bool:
        placed.add(buyer.place((product, 1))["orderId"])  # the first ones come before it listens
        return "order.confirmed" in {each["subject"] for each in list(seen) if each["entity"] in placed}

    with subprocess.Popen(
        command("tail", "order.*", "-n", "0", "--follow", "--json"),
        cwd=ROOT,
        env=environment(mesh),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        reader = Thread(target=lambda lines: seen.extend(map(json.loads, lines)), args=(process.stdout,))
        reader.start()
        try:
            assert eventually(shown, deadline_s=30, interval_s=1.0)
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
        finally:
            process.kill()
            reader.join()
        assert process.stderr.read() == ""
    assert {each["subject"].partition(".")[0] for each in seen} == {"order"}
    assert all(each["traceparent"] for each in seen)
    told = {each["data"]["order"]["orderId"] for each in seen if each["subject"] == "order.confirmed"}
    assert told & placed
