"""Composition root: what an inventory process is made of. No work happens before the parts are started."""

from __future__ import annotations

from prometheus_client import Counter

from banyan.inventory.v1 import inventory_service_pb2 as pb
from inventory.adapters.memory import MemoryWarehouse
from inventory.adapters.postgres import PostgresStock, PostgresWarehouse
from inventory.adapters.reserving import Reserving
from inventory.app.ports import StockWriter, Warehouse
from inventory.app.sweep import sweep
from inventory.rpc.servicer import InventoryServicer
from inventory.settings import InventorySettings
from meshkit import App
from meshkit.clock import Clock, SystemClock
from meshkit.health import Check
from meshkit.idempotency import IdempotencySweeper
from meshkit.lifecycle import Component
from meshkit.methods import grpc_service
from meshkit.nats import Nats
from meshkit.once import DatabaseOnce, EveryTime, Once
from meshkit.outbox import OutboxRelay
from meshkit.postgres import Database
from meshkit.tasks import Periodic

EXPIRED = Counter("inventory_reservations_expired_total", "Reservations that the sweeper gave back")


def build(
    settings: InventorySettings, *, warehouse: MemoryWarehouse | None = None, clock: Clock | None = None
) -> App:
    """Everything a process needs; with a `warehouse` in memory it runs without database and broker."""
    clock = clock or SystemClock(settings.clock_offset_s)
    components: list[Component] = []
    readiness: dict[str, Check] = {}
    store: Warehouse
    once: Once[StockWriter]
    if warehouse is not None:
        store, once = warehouse, EveryTime(warehouse.transaction)
    else:
        dsn = settings.database_url.get_secret_value()
        database = Database(dsn, settings.database_pool_max, generic_plans=True)
        nats = Nats(settings.nats_url, "inventory")
        store, once = PostgresWarehouse(database), DatabaseOnce(database, PostgresStock, clock)
        relay, sweeper = OutboxRelay("inventory", database, nats), IdempotencySweeper(database, clock)
        components = [database, nats, relay, sweeper]
        readiness = {"database": database.ping}
    components.append(_sweeper(store, clock, settings.sweep_interval_s))
    servicer = InventoryServicer(store, Reserving(store, clock), once, clock)
    return App(
        name="inventory",
        settings=settings,
        services=[grpc_service(pb.DESCRIPTOR.services_by_name["InventoryService"], servicer)],
        components=components,
        readiness=readiness,
        clock=clock,
    )


def _sweeper(warehouse: Warehouse, clock: Clock, interval_s: float) -> Periodic:
    async def run() -> None:
        EXPIRED.inc(await sweep(warehouse, clock))

    return Periodic("reservation-sweeper", interval_s, run)
