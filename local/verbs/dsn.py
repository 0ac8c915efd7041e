"""`dsn`: how to reach a store, with its password."""

from __future__ import annotations

from typing import Annotated

import typer

from local import topology
from local.control.client import NotRunningError, ask
from local.errors import LocalError
from local.home import Home
from local.options import port_base
from local.secrets import Secrets
from local.stores import nats, postgres, redis, roles


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(dsn)


def dsn(name: Annotated[str, typer.Argument(help="A service, or: postgres (superuser), nats.")]) -> int:
    """Print the address of a service's store, for psql, redis-cli and the like."""
    home = Home.from_environment()
    secrets = Secrets(home.secrets_file)
    base = _base(home)
    if name == "nats":
        print(nats.url(base))
    elif name == "postgres":
        _require(secrets.known("postgres"), home)
        print(postgres.url(postgres.SUPERUSER, secrets.get("postgres"), "postgres", base))
    else:
        row = topology.service("cart" if name == "redis" else name)
        if row.data_store == "redis":
            _require(secrets.known("redis"), home)
            print(redis.url(row.name, secrets, base))
        else:
            _require(secrets.known(f"postgres:{name}"), home)
            print(postgres.url(name, roles.role_password(secrets, name), name, base))
    return 0


def _require(known: bool, home: Home) -> None:
    if not known:
        raise LocalError(f"{home.path} has no such store yet: run `./banyan up` first")


def _base(home: Home) -> int:
    try:
        return int(ask(home, "status")["port_base"])
    except NotRunningError:
        return port_base(None)
