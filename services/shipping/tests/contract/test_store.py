"""One suite for every implementation of the Store port."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from asyncpg import UniqueViolationError

from meshkit.clock import FakeClock, uuid7
from shipping.adapters.rows import values_of
from shipping.app.buy_labels import BuyLabels
from shipping.app.create_shipment import create_shipment
from shipping.app.ports import PageQuery, Queue, Store
from shipping.app.stop_order import stop_order
from shipping.domain.recipient import Preferences, Recipient
from shipping.domain.shipment import Milestone, Shipment, Speed, State

from ..builders import ADDRESS, NOW, FakeCarrier, Reports, a_labelled_shipment, a_shipment, an_order

LEASE = NOW + timedelta(seconds=30)


async def kept(store: Store, *shipments: Shipment) -> None:
    """Stores them."""
    async with store.transaction() as tx:
        for shipment in shipments:
            await tx.add(shipment)


async def claimed(store: Store, queue: Queue, limit: int = 100) -> list[str]:
    """The ids of what a worker gets now."""
    return [shipment.id for shipment in await store.claim(queue, NOW, LEASE, limit)]


async def test_shipment_comes_back_as_it_was_in_every_state(store: Store) -> None:
    labelled = a_labelled_shipment()
    left, _ = a_labelled_shipment("BN2").tracked("picked_up", NOW + timedelta(seconds=1), NOW)
    changed = a_shipment(label_attempts=3, label_in_doubt=True, void_requested=True, speed=Speed.EXPRESS)
    made = [a_shipment(), labelled, left, changed, a_shipment().voided(NOW)]
    await kept(store, *made)
    assert [await store.get(each.id) for each in made] == made
    assert await store.get(uuid7()) is None


async def test_saved_change_is_read_by_id_and_by_order(store: Store) -> None:
    shipment = a_shipment()
    await kept(store, shipment)
    labelled = shipment.labelled("BN1", "http://carrier/BN1", NOW)
    async with store.transaction() as tx:
        await tx.save(labelled)
        assert await tx.get_locked(shipment.id) == labelled
        assert await tx.of_order(shipment.order_id) == labelled
        assert await tx.of_order(uuid7()) is None
    assert await store.get(shipment.id) == labelled


async def test_failed_transaction_leaves_nothing(store: Store) -> None:
    shipment = a_shipment()
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await tx.add(shipment)
            await tx.stop_order(shipment.order_id, NOW)
            await tx.put_recipient(Recipient(customer_id="user-1", updated_at=NOW))
            await tx.publish((Milestone.CREATED, shipment))
            raise ZeroDivisionError
    assert await store.get(shipment.id) is None
    assert await store.recipient("user-1") is None
    async with store.transaction() as tx:
        assert await tx.add(shipment)  # its order is not stopped


async def test_confirmations_and_cancellations_at_once_leave_one_outcome(store: Store) -> None:
    order = an_order()

    async def confirm() -> None:
        async with store.transaction() as tx:
            await create_shipment(tx, order, shipment_id=uuid7(), now=NOW)

    async def cancel() -> None:
        async with store.transaction() as tx:
            await stop_order(tx, order.order_id, NOW)

    await asyncio.gather(*(each() for _ in range(8) for each in (confirm, cancel)))
    found = await store.page(PageQuery(user_id=None, order_id=order.order_id, before=None, limit=10))
    assert [shipment.state for shipment in found] in ([], [State.VOIDED])


async def test_confirmations_at_once_make_one_shipment(store: Store) -> None:
    order = an_order()

    async def confirm() -> Shipment | None:
        async with store.transaction() as tx:
            return await create_shipment(tx, order, shipment_id=uuid7(), now=NOW)

    made = await asyncio.gather(*(confirm() for _ in range(12)))
    assert len({shipment.id for shipment in made if shipment}) == 1


async def test_workers_at_once_never_get_the_same_shipment(store: Store) -> None:
    waiting = [a_shipment() for _ in range(30)]
    await kept(store, *waiting)
    batches = await asyncio.gather(*(claimed(store, Queue.LABEL, 7) for _ in range(6)))
    taken = [each for batch in batches for each in batch]
    assert len(taken) == len(set(taken))
    rest = await claimed(store, Queue.LABEL)
    assert sorted(taken + rest) == sorted(each.id for each in waiting)


async def test_claim_is_a_lease_that_runs_out(store: Store) -> None:
    shipment = a_shipment()
    await kept(store, shipment)
    [first] = await store.claim(Queue.LABEL, NOW, LEASE, 10)
    assert (first.label_attempts, first.label_in_doubt, first.due_at) == (1, False, LEASE)
    assert await store.claim(Queue.LABEL, LEASE - timedelta(seconds=1), LEASE, 10) == []
    [second] = await store.claim(Queue.LABEL, LEASE, LEASE + timedelta(seconds=30), 10)
    assert (second.label_attempts, second.label_in_doubt) == (2, True)


async def test_longest_due_comes_first(store: Store) -> None:
    late, early = a_shipment(due_at=NOW), a_shipment(due_at=NOW - timedelta(seconds=5))
    await kept(store, late, early, a_shipment(due_at=NOW + timedelta(seconds=1)))
    assert await claimed(store, Queue.LABEL, 1) == [early.id]
    assert await claimed(store, Queue.LABEL) == [late.id]


async def test_each_shipment_waits_in_the_queue_of_its_state(store: Store) -> None:
    pending, labelled = a_shipment(), a_labelled_shipment("BN1")
    left, _ = a_labelled_shipment("BN2").tracked("picked_up", NOW, NOW)
    marked = [a_labelled_shipment("BN3").to_be_voided(NOW), a_shipment(label_in_doubt=True).to_be_voided(NOW)]
    arrived, _ = a_labelled_shipment("BN4").tracked("delivered", NOW, NOW)
    await kept(store, pending, labelled, left, *marked, arrived, a_shipment().voided(NOW))
    assert await claimed(store, Queue.LABEL) == [pending.id]
    assert set(await claimed(store, Queue.TRACK)) == {labelled.id, left.id}
    assert set(await claimed(store, Queue.VOID)) == {each.id for each in marked}


async def test_pages_are_newest_first_and_of_one_owner(store: Store) -> None:
    mine = [a_shipment() for _ in range(5)]
    other = a_shipment(user_id="user-2")
    await kept(store, *mine, other)
    seen: list[str] = []
    before = None
    while len(found := await store.page(PageQuery(user_id="user-1", order_id=None, before=before, limit=2))):
        seen += [shipment.id for shipment in found]
        before = seen[-1]
    assert seen == [shipment.id for shipment in reversed(mine)]
    of_other = PageQuery(user_id=None, order_id=other.order_id, before=None, limit=2)
    assert await store.page(of_other) == [other]
    assert await store.page(replace(of_other, user_id="user-1")) == []


async def test_a_label_that_cannot_be_written_keeps_no_other(store: Store) -> None:
    shipments = [a_shipment() for _ in range(3)]
    await kept(store, *shipments)
    carrier = FakeCarrier()
    first = await carrier.buy_label(shipments[0])
    carrier.labels[shipments[1].id] = first  # a carrier that gives one number twice
    labels = BuyLabels(
        store=store, carrier=carrier, clock=FakeClock(NOW), report=Reports(), lease_s=30, batch=16
    )
    with pytest.raises((ValueError, UniqueViolationError)):
        await labels.run()
    states = [each.state for shipment in shipments if (each := await store.get(shipment.id))]
    assert sorted(states) == [State.LABELLED, State.LABELLED, State.PENDING]


async def test_recipient_is_replaced_as_a_whole(store: Store) -> None:
    wishes = Preferences(speed=Speed.EXPRESS, leave_at_door=True, instructions="ring twice")
    first = Recipient(customer_id="user-1", addresses=(ADDRESS,), preferences=wishes, updated_at=NOW)
    second = Recipient(customer_id="user-1", updated_at=NOW)
    for recipient in (first, second):
        async with store.transaction() as tx:
            await tx.put_recipient(recipient)
            assert await tx.recipient("user-1") == recipient
        assert await store.recipient("user-1") == recipient
    assert await store.recipient("user-2") is None


async def test_oldest_unlabelled_ignores_all_others(store: Store) -> None:
    assert await store.oldest_unlabelled() is None
    old = NOW - timedelta(hours=1)
    marked = a_shipment(created_at=old, label_in_doubt=True).to_be_voided(NOW)
    await kept(store, replace(a_labelled_shipment(), created_at=old), marked, a_shipment())
    assert await store.oldest_unlabelled() == NOW


def test_row_has_a_value_for_each_column() -> None:
    assert len(values_of(a_shipment())) == 16
