"""One service's database, opened with that service's own role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.secrets import Secrets
from local.stores import postgres, roles

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_S: Final = 5.0
STATEMENT_S: Final = 60.0


def dsn(home: Home, service: str) -> str:
    """The address of its database, with its password; LocalError when no mesh runs in this home."""
    base = int(ask(home, "status")["port_base"])
    return postgres.url(service, roles.role_password(Secrets(home.secrets_file), service), service, base)


@asynccontextmanager
async def opened(service: str, address: str) -> AsyncIterator[Connection]:
    """A connection for the time of the block; whatever goes wrong with the database is one sentence."""
    with _telling(service):
        connection = await asyncpg.connect(address, timeout=CONNECT_S, command_timeout=STATEMENT_S)
        try:
            yield connection
        finally:
            connection.terminate()


@contextmanager
def _telling(service: str) -> Iterator[None]:
    try:
        yield
    except asyncpg.UndefinedTableError as error:
        raise LocalError(f"the database of {service} has no tables yet: has it ever run here?") from error
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
        raise LocalError(
            f"the database of {service} does not answer: {_first_line(error)} (see `./banyan status`)"
        ) from error
    except asyncpg.PostgresError as error:
        raise LocalError(f"the database of {service} refuses: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
