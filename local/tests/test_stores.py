"""Real stores: they start, keep what they were given, and keep services out of each other's data."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import pytest

from local import migrations
from local.errors import LocalError
from local.home import Home
from local.secrets import Secrets
from local.stores import nats as nats_store
from local.stores import postgres, redis, roles
from local.stores.databases import Databases
from local.supervision.probes import exchange
from local.supervision.supervisor import Supervisor
from local.tests.aid import LIMIT_S, free_port_base
from local.topology import address

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
async def cluster(home: Home, supervisor: Supervisor) -> AsyncIterator[tuple[int, Secrets]]:
    """A running PostgreSQL on free ports, with the roles of two services."""
    base, secrets = free_port_base(), Secrets(home.secrets_file)
    await postgres.create_cluster(home, secrets)
    supervisor.add(postgres.spec(home, secrets, base))
    await supervisor.start("postgres", 60)
    databases = await Databases.open(base, secrets, ["user", "order"])
    yield base, secrets
    await databases.close()
    await supervisor.stop("postgres")


async def as_role(base: int, secrets: Secrets, role: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        postgres.url(role, roles.role_password(secrets, role), database, base), timeout=5
    )


async def test_a_role_owns_its_database_and_cannot_open_any_other(cluster: tuple[int, Secrets]) -> None:
    base, secrets = cluster
    own = await as_role(base, secrets, "user", "user")
    await own.execute("CREATE TABLE thing (id int)")
    await own.close()
    for other in ("order", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_role(base, secrets, "user", other)


async def test_a_role_cannot_become_more(cluster: tuple[int, Secrets]) -> None:
    base, secrets = cluster
    own = await as_role(base, secrets, "user", "user")
    for statement in (
        "CREATE ROLE x",
        "CREATE DATABASE x",
        'SET ROLE "order"',
        "COPY pg_class TO PROGRAM 'true'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute(statement)
    await own.close()


async def test_a_wrong_password_is_refused(cluster: tuple[int, Secrets]) -> None:
    base, _ = cluster
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url("user", "wrong", "user", base), timeout=5)


async def test_data_outlives_a_restart_and_roles_are_made_once(
    cluster: tuple[int, Secrets], supervisor: Supervisor, home: Home
) -> None:
    base, secrets = cluster
    own = await as_role(base, secrets, "order", "order")
    await own.execute("CREATE TABLE thing AS SELECT 7 AS id")
    await own.close()
    supervisor.get("postgres").kill_now()
    await supervisor.stop("postgres")
    assert not await postgres.create_cluster(home, Secrets(home.secrets_file))
    await supervisor.start("postgres", LIMIT_S)
    again = await Databases.open(base, Secrets(home.secrets_file), ["user", "order"])
    await again.close()
    own = await as_role(base, secrets, "order", "order")
    assert await own.fetchval("SELECT id FROM thing") == 7
    await own.close()


async def test_migrations_run_once_and_two_at_once_do_not_collide(
    cluster: tuple[int, Secrets], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, secrets = cluster
    folder = tmp_path / "services" / "order" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_thing.sql").write_text(
        "-- migrate:up\nCREATE TABLE thing (id int);\n-- migrate:down\nDROP TABLE thing;\n"
    )
    monkeypatch.setattr(migrations, "ROOT", tmp_path)
    url = postgres.url("order", roles.role_password(secrets, "order"), "order", base)
    marks = await asyncio.gather(*(migrations.migrate("order", url, "") for _ in range(3)))
    assert marks[0] is not None
    assert len(set(marks)) == 1
    assert await migrations.migrate("order", url, marks[0]) is None
    (folder / "0002_broken.sql").write_text("-- migrate:up\nCREATE TABEL x;\n-- migrate:down\n")
    with pytest.raises(LocalError, match=r"migrating order failed: .*syntax error"):
        await migrations.migrate("order", url, marks[0])


async def test_a_lost_password_file_is_told_and_not_replaced(home: Home) -> None:
    await postgres.create_cluster(home, Secrets(home.secrets_file))
    home.secrets_file.unlink()
    with pytest.raises(LocalError, match=r"secrets.json is gone.*--wipe"):
        await postgres.create_cluster(home, Secrets(home.secrets_file))


async def test_damaged_data_is_told_in_one_line(home: Home, supervisor: Supervisor) -> None:
    secrets = Secrets(home.secrets_file)
    await postgres.create_cluster(home, secrets)
    folder = home.data / "postgres"
    (folder / "global" / "pg_control").write_bytes(b"nonsense")
    supervisor.add(postgres.spec(home, secrets, free_port_base()))
    with pytest.raises(LocalError, match=r"postgres does not start.*damaged.*banyan down --wipe"):
        await supervisor.start("postgres", 60)
    (folder / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(LocalError, match=r"found 9.6, need 18.*banyan down --wipe"):
        await postgres.create_cluster(home, secrets)


def test_passwords_are_for_the_owner_only_and_stay(home: Home) -> None:
    first = Secrets(home.secrets_file).get("postgres:user")
    assert stat.S_IMODE(home.secrets_file.stat().st_mode) == 0o600
    assert Secrets(home.secrets_file).get("postgres:user") == first
    home.secrets_file.write_text("{")
    with pytest.raises(LocalError, match=r"damaged"):
        Secrets(home.secrets_file)


async def test_redis_wants_its_password_and_keeps_what_it_got(home: Home, supervisor: Supervisor) -> None:
    base, secrets = free_port_base(), Secrets(home.secrets_file)
    supervisor.add(redis.spec(home, secrets, base))
    await supervisor.start("redis", LIMIT_S)
    where, login = address("redis", "redis", base), f"AUTH {secrets.get('redis')}\r\n"
    assert await exchange(where, b"GET tea\r\n", b"\r\n") == b"-NOAUTH Authentication required.\r\n"
    assert (await exchange(where, f"{login}SET tea green\r\n".encode(), b"+OK\r\n+OK\r\n")).endswith(
        b"+OK\r\n"
    )
    await supervisor.restart("redis", LIMIT_S)
    assert (await exchange(where, f"{login}GET tea\r\n".encode(), b"green\r\n")).endswith(b"green\r\n")


async def test_nats_keeps_its_streams(home: Home, supervisor: Supervisor) -> None:
    base = free_port_base()
    supervisor.add(nats_store.spec(home, base))
    await supervisor.start("nats", LIMIT_S)
    client = await nats.connect(nats_store.url(base))
    await client.jetstream().add_stream(name="ORDER", subjects=["order.>"])
    await client.jetstream().publish("order.placed", b"one")
    await client.close()
    await supervisor.restart("nats", LIMIT_S)
    client = await nats.connect(nats_store.url(base))
    message = await client.jetstream().get_msg("ORDER", seq=1)
    assert message.data == b"one"
    await client.close()
