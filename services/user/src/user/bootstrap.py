"""Composition root: what a user process is made of. No work happens before the parts are started."""

from __future__ import annotations

from banyan.user.v1 import user_service_pb2 as pb
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
from user.adapters.hasher import Argon2Hasher
from user.adapters.keys import KeyRing
from user.adapters.memory import MemoryAccounts
from user.adapters.postgres import PostgresAccounts, PostgresWriter
from user.app.ports import Accounts, AccountWriter
from user.app.sessions import Sessions
from user.rpc.servicer import UserServicer
from user.settings import UserSettings

KEY_REFRESH_S = 5.0


def build(
    settings: UserSettings, *, accounts: MemoryAccounts | None = None, clock: Clock | None = None
) -> App:
    """Everything a process needs; with `accounts` in memory it runs without database and broker."""
    clock = clock or SystemClock(settings.clock_offset_s)
    components: list[Component] = []
    readiness: dict[str, Check] = {}
    store: Accounts
    once: Once[AccountWriter]
    if accounts is not None:
        store, once = accounts, EveryTime(accounts.transaction)
    else:
        database = Database(settings.database_url.get_secret_value(), settings.database_pool_max)
        nats = Nats(settings.nats_url, "user")
        store, once = PostgresAccounts(database), DatabaseOnce(database, PostgresWriter, clock)
        relay, sweeper = OutboxRelay("user", database, nats), IdempotencySweeper(database, clock)
        components = [database, nats, relay, sweeper]
        readiness = {"database": database.ping}
    hasher = Argon2Hasher(
        threads=settings.hash_threads,
        queue_max=settings.hash_queue_max,
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
    )
    keys = KeyRing(store, clock, settings.jwt_signing_key_file)
    servicer = UserServicer(
        accounts=store,
        sessions=Sessions(store, hasher, keys, clock),
        keys=keys,
        hasher=hasher,
        once=once,
        clock=clock,
    )
    return App(
        name="user",
        settings=settings,
        services=[grpc_service(pb.DESCRIPTOR.services_by_name["UserService"], servicer)],
        components=[*components, hasher, Periodic("key-refresh", KEY_REFRESH_S, keys.refresh)],
        readiness={**readiness, "signing-key": keys.ensure},
        clock=clock,
    )
