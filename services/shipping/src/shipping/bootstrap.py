"""Composition root: what a shipping process is made of. No work happens before the parts are started."""

from __future__ import annotations

from dataclasses import dataclass

from banyan.shipping.v1 import shipping_service_pb2 as pb
from meshkit import App
from meshkit.clock import Clock, SystemClock
from meshkit.health import Check
from meshkit.idempotency import IdempotencySweeper
from meshkit.inbox import InboxConsumer
from meshkit.lifecycle import Component
from meshkit.logging import get_logger
from meshkit.methods import grpc_service
from meshkit.nats import Nats
from meshkit.once import DatabaseOnce, EveryTime, Once
from meshkit.outbox import OutboxRelay
from meshkit.postgres import Database
from meshkit.tasks import Periodic
from shipping.adapters.carrier_http import HttpCarrier
from shipping.adapters.memory import MemoryStore
from shipping.adapters.metrics import OLDEST_UNLABELLED
from shipping.adapters.order_events import OrderEvents
from shipping.adapters.postgres import PostgresStore, PostgresTransaction
from shipping.app.buy_labels import BuyLabels
from shipping.app.finish_voids import FinishVoids
from shipping.app.follow_parcels import FollowParcels
from shipping.app.measure_backlog import MeasureBacklog
from shipping.app.ports import Carrier, Store, Transaction
from shipping.app.void_shipment import VoidShipment
from shipping.rpc.servicer import ShippingServicer
from shipping.settings import ShippingSettings

VOID_INTERVAL_S = 1.0
MEASURE_INTERVAL_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where things are kept, and what has to run for that."""

    store: Store
    once: Once[Transaction]
    components: tuple[Component, ...] = ()
    readiness: tuple[tuple[str, Check], ...] = ()


def build(
    settings: ShippingSettings,
    *,
    store: MemoryStore | None = None,
    carrier: Carrier | None = None,
    clock: Clock | None = None,
) -> App:
    """Everything a process needs; with a `store` in memory it runs without database and broker."""
    clock = clock or SystemClock(settings.clock_offset_s)
    storage = _in_memory(store) if store is not None else _in_postgres(settings, clock)
    outside: tuple[Component, ...] = ()
    if carrier is None:
        carrier = http_carrier = HttpCarrier(
            settings.carrier_url,
            timeout_s=settings.carrier_timeout_s,
            max_concurrent=settings.carrier_max_concurrent,
        )
        outside = (http_carrier,)
    void = VoidShipment(store=storage.store, carrier=carrier, clock=clock)
    servicer = ShippingServicer(store=storage.store, once=storage.once, void=void, clock=clock)
    return App(
        name="shipping",
        settings=settings,
        services=[grpc_service(pb.DESCRIPTOR.services_by_name["ShippingService"], servicer)],
        components=[*outside, *storage.components, *_workers(settings, storage.store, carrier, void, clock)],
        readiness=dict(storage.readiness),
        clock=clock,
    )


def _in_memory(store: MemoryStore) -> Storage:
    return Storage(store=store, once=EveryTime[Transaction](store.transaction))


def _in_postgres(settings: ShippingSettings, clock: Clock) -> Storage:
    database = Database(settings.database_url.get_secret_value(), settings.database_pool_max)
    nats = Nats(settings.nats_url, "shipping")
    return Storage(
        store=PostgresStore(database),
        once=DatabaseOnce[Transaction](database, PostgresTransaction, clock),
        components=(
            database,
            nats,
            OutboxRelay("shipping", database, nats),
            InboxConsumer("shipping", "ORDER", OrderEvents(clock).handlers(), database, nats),
            IdempotencySweeper(database, clock),
        ),
        readiness=(("database", database.ping),),
    )


def _workers(
    settings: ShippingSettings, store: Store, carrier: Carrier, void: VoidShipment, clock: Clock
) -> list[Component]:
    report = get_logger().warning
    labels = BuyLabels(
        store=store,
        carrier=carrier,
        clock=clock,
        report=report,
        lease_s=settings.label_lease_s,
        batch=settings.label_concurrency,
    )
    parcels = FollowParcels(
        store=store, carrier=carrier, clock=clock, report=report, interval_s=settings.tracking_interval_s
    )
    voids = FinishVoids(store=store, void=void, clock=clock, report=report)
    backlog = MeasureBacklog(store=store, clock=clock, show=OLDEST_UNLABELLED.set)
    return [
        Periodic("buy-labels", settings.label_interval_s, labels.run),
        Periodic("follow-parcels", min(settings.tracking_interval_s, 1.0), parcels.run),
        Periodic("finish-voids", VOID_INTERVAL_S, voids.run),
        Periodic("measure-backlog", MEASURE_INTERVAL_S, backlog.run),
    ]
