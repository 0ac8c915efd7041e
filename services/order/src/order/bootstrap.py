"""The composition root: one function for each layer, nothing is done on import."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass
from datetime import timedelta

from banyan.order.v1 import order_service_pb2
from meshkit.client import Channel
from meshkit.clock import SystemClock, uuid7
from meshkit.context import Identity, call_scope
from meshkit.idempotency import IdempotencySweeper
from meshkit.inbox import InboxConsumer
from meshkit.methods import grpc_service
from meshkit.nats import Nats
from meshkit.outbox import OutboxRelay
from meshkit.postgres import Database
from meshkit.server import App
from meshkit.tasks import Periodic
from order.adapters.cart_client import CartClient
from order.adapters.incoming_events import EventHandlers
from order.adapters.inventory_client import InventoryClient
from order.adapters.meter import PrometheusMeter
from order.adapters.payment_client import PaymentClient
from order.adapters.postgres import PostgresOrders
from order.adapters.product_client import ProductClient
from order.adapters.runner import WorkflowRunner
from order.adapters.shipping_client import ShippingClient
from order.adapters.token_seal import TokenSeal
from order.app.cancel_order import CancelOrder
from order.app.engine import Engine, Policy
from order.app.follow_events import FollowEvents
from order.app.get_customer import GetCustomer
from order.app.get_order import GetOrder
from order.app.get_timeline import GetTimeline
from order.app.list_orders import ListOrders
from order.app.place_order import PlaceOrder
from order.app.ports import Clock, Lease, OrderStore, Runner
from order.app.pricer import Pricer
from order.app.quote_order import QuoteOrder
from order.app.steps import Steps
from order.domain.advance import Limits
from order.domain.backoff import backoff_s
from order.rpc.servicer import OrderServicer, UseCases
from order.settings import OrderSettings

_BACKLOG_INTERVAL_S = 5.0
_jitter = random.Random()  # noqa: S311 - spreads retries, hides nothing


@dataclass(frozen=True, slots=True)
class Channels:
    """One connection pool for each upstream."""

    cart: Channel
    product: Channel
    inventory: Channel
    payment: Channel
    shipping: Channel

    @classmethod
    def of(cls, settings: OrderSettings) -> Channels:
        """Channels to the addresses in the settings."""
        return cls(
            cart=Channel("cart", settings.cart_addr, settings),
            product=Channel("product", settings.product_addr, settings),
            inventory=Channel("inventory", settings.inventory_addr, settings),
            payment=Channel("payment", settings.payment_addr, settings),
            shipping=Channel("shipping", settings.shipping_addr, settings),
        )

    @property
    def all(self) -> list[Channel]:
        """In no particular order."""
        return [self.cart, self.product, self.inventory, self.payment, self.shipping]


@dataclass(frozen=True, slots=True)
class Core:
    """What engine and use cases are both made of."""

    settings: OrderSettings
    channels: Channels
    store: OrderStore
    clock: Clock
    lease: Lease


def build(settings: OrderSettings, *, clock: Clock | None = None) -> App:
    """The whole service; `clock` is replaced in tests."""
    clock = clock or SystemClock(settings.clock_offset_s)
    database = Database(settings.database_url.get_secret_value(), settings.database_pool_max, "order")
    nats = Nats(settings.nats_url, "order")
    store = PostgresOrders(
        database, clock=clock, seal=TokenSeal(settings.token_secret), credit_limit=settings.credit_limit
    )
    lease = Lease(f"{socket.gethostname()}-{uuid7()[-12:]}", settings.lease_s)
    core = Core(settings, Channels.of(settings), store, clock, lease)
    meter = PrometheusMeter()
    runner = WorkflowRunner(
        engine=_engine(core, meter),
        store=store,
        lease=lease,
        poll_s=settings.workflow_poll_s,
        max_running=settings.workflow_max_running,
    )
    servicer = OrderServicer(_use_cases(core, runner), settings.answer_margin_s)
    handlers = EventHandlers(FollowEvents(clock), clock)

    async def watch_backlog() -> None:
        meter.backlog(await store.backlog())

    return App(
        name="order",
        settings=settings,
        services=[grpc_service(order_service_pb2.DESCRIPTOR.services_by_name["OrderService"], servicer)],
        components=[
            database,
            nats,
            *core.channels.all,
            OutboxRelay(service="order", database=database, nats=nats),
            IdempotencySweeper(database, clock),
            Periodic("workflow-backlog", _BACKLOG_INTERVAL_S, watch_backlog),
            runner,
            InboxConsumer("order", "SHIPPING", handlers.of_shipping, database, nats),
            InboxConsumer("order", "PAYMENT", handlers.of_payment, database, nats),
        ],
        readiness={"database": database.ping},
        clock=clock,
    )


def _engine(core: Core, meter: PrometheusMeter) -> Engine:
    settings, channels = core.settings, core.channels
    limits = Limits(timedelta(seconds=settings.forward_limit_s), timedelta(seconds=settings.park_limit_s))
    return Engine(
        store=core.store,
        steps=Steps(
            stock=InventoryClient(channels.inventory, settings.reservation_ttl_s),
            payments=PaymentClient(channels.payment),
            shipping=ShippingClient(channels.shipping),
        ),
        clock=core.clock,
        policy=Policy(lease=core.lease, limits=limits),
        meter=meter,
        scope=lambda user_id: call_scope(Identity(user_id, frozenset({"customer"})), None),
        wait_s=lambda attempt: backoff_s(attempt, _jitter.random()),
    )


def _use_cases(core: Core, runner: Runner) -> UseCases:
    channels, store = core.channels, core.store
    pricer = Pricer(
        carts=CartClient(channels.cart),
        catalogue=ProductClient(channels.product),
        shipping=ShippingClient(channels.shipping),
        currency=core.settings.currency,
    )
    get_order = GetOrder(store)
    return UseCases(
        quote_order=QuoteOrder(pricer),
        place_order=PlaceOrder(
            pricer=pricer, orders=store, runner=runner, clock=core.clock, lease=core.lease, new_id=uuid7
        ),
        get_order=get_order,
        list_orders=ListOrders(store),
        cancel_order=CancelOrder(
            get_order=get_order, orders=store, runner=runner, clock=core.clock, lease=core.lease
        ),
        get_timeline=GetTimeline(get_order, store),
        get_customer=GetCustomer(store, core.settings.credit_limit),
    )
