"""Two replicas on one database: what one leaves, the other ends."""

from __future__ import annotations

import asyncio

from banyan.order.v1 import order_pb2
from banyan.order.v1 import order_service_pb2 as calls
from meshkit.testing import eventually, running
from order.bootstrap import build
from services.order.tests.component.conftest import World


async def test_a_replica_that_is_stopped_hands_its_workflow_to_the_other(world: World, user: str) -> None:
    mug = world.shop.offer()
    gate = world.faults.gates["Reserve"] = asyncio.Event()
    async with running(build(world.settings), stop_grace_s=3.0) as second:
        first = World(second.channel, world.shop, world.faults, world.dsn, world.nats_url, world.settings)
        answer = await first.place(user=user, items={mug: 1}, timeout_s=0.6)
        assert answer.message.order.state == order_pb2.ORDER_STATE_PENDING
        stopping = asyncio.create_task(second.server.stop(delay_s=0, grace_s=3.0))
        gate.set()
        await stopping
    order_id = answer.message.order.order_id

    async def confirmed() -> bool:
        got = await world.call("GetOrder", calls.GetOrderRequest(order_id=order_id), user=user)
        return bool(got.message.order.state == order_pb2.ORDER_STATE_CONFIRMED)

    await eventually(confirmed, deadline_s=10)
    assert world.shop.calls.count("Charge") == 1
