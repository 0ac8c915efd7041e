"""Reservations straight at inventory: of one product that everybody wants, or of several."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from typing import Final

import grpc

from banyan.inventory.v1 import inventory_service_pb2 as pb
from banyan.inventory.v1.inventory_pb2 import StockItem
from local.bench.measure import Load, Processes, run_load

RESERVE: Final = "/banyan.inventory.v1.InventoryService/Reserve"
CALL_S: Final = 5.0


async def reservations(
    address: str, products: Sequence[str], at_once: int, seconds: float, processes: Processes
) -> Load:
    """One unit for each order, of the products in turn; `address` is inventory's `host:port`."""
    turns = itertools.count()
    async with grpc.aio.insecure_channel(address) as channel:
        invoke = channel.unary_unary(
            RESERVE,
            request_serializer=pb.ReserveRequest.SerializeToString,
            response_deserializer=pb.ReserveResponse.FromString,
        )

        async def reserve(_: int) -> bool:
            item = StockItem(product_id=products[next(turns) % len(products)], quantity=1)
            try:
                await invoke(pb.ReserveRequest(order_id=str(uuid.uuid4()), items=[item]), timeout=CALL_S)
            except grpc.aio.AioRpcError:
                return False
            return True

        return await run_load([reserve] * at_once, 1_000_000, seconds, processes)
