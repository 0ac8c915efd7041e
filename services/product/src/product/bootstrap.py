"""Composition root: what a product process is made of. No work happens before the parts are started."""

from __future__ import annotations

from banyan.product.v1 import product_service_pb2 as pb
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
from product.adapters.memory import MemoryCatalogue
from product.adapters.postgres import PostgresCatalogue, PostgresWriter
from product.adapters.remembered import RememberingCatalogue, once_proven
from product.app.ports import Catalogue, CatalogueWriter
from product.rpc.servicer import ProductServicer
from product.settings import ProductSettings


def build(
    settings: ProductSettings, *, catalogue: MemoryCatalogue | None = None, clock: Clock | None = None
) -> App:
    """Everything a process needs; with a `catalogue` in memory it runs without database and broker."""
    clock = clock or SystemClock(settings.clock_offset_s)
    components: list[Component] = []
    readiness: dict[str, Check] = {}
    store: Catalogue
    once: Once[CatalogueWriter]
    if catalogue is not None:
        store, once = catalogue, EveryTime(catalogue.transaction)
    else:
        database = Database(settings.database_url.get_secret_value(), settings.database_pool_max)
        nats = Nats(settings.nats_url, "product")
        store = RememberingCatalogue(PostgresCatalogue(database))
        once = DatabaseOnce(database, PostgresWriter, clock)
        relay, sweeper = OutboxRelay("product", database, nats), IdempotencySweeper(database, clock)
        components = [database, nats, relay, sweeper]
        readiness = {"database": once_proven(database.ping)}
    servicer = ProductServicer(store, once, clock)
    return App(
        name="product",
        settings=settings,
        services=[grpc_service(pb.DESCRIPTOR.services_by_name["ProductService"], servicer)],
        components=components,
        readiness=readiness,
        clock=clock,
    )
