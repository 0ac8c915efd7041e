"""Timeouts per method, retries and load balancing: one JSON file for all languages of the mesh."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

DEFAULT_TIMEOUT_S: Final = 2.0
_IN_SOURCE_TREE: Final = Path("protos/config/service_config.json")


class ServiceConfig:
    """A parsed gRPC service config."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._timeouts: dict[tuple[str, str], float] = {}
        self._retried: set[tuple[str, str]] = set()
        for entry in document.get("methodConfig", []):
            for name in entry["name"]:
                key = (name.get("service", ""), name.get("method", ""))
                if "timeout" in entry:
                    self._timeouts[key] = _seconds(entry["timeout"])
                if "retryPolicy" in entry:
                    self._retried.add(key)
        # The channel sets every call's deadline itself; gRPC's core would end a call one to two seconds before a
        # time-out of this file, short ones before they begin (grpc/grpc#34547).
        methods = [
            {key: value for key, value in entry.items() if key != "timeout"}
            for entry in document.get("methodConfig", [])
        ]
        # Round robin then skips a server from the moment it reports NOT_SERVING, before it closes its port.
        self.text = json.dumps(
            {"healthCheckConfig": {"serviceName": ""}, **document, "methodConfig": methods}
        )

    def timeout_s(self, method: str) -> float:
        """The time-out of `/pkg.v1.Service/Rpc`: its own, its service's, or the default."""
        for key in _keys(method):
            if key in self._timeouts:
                return self._timeouts[key]
        return DEFAULT_TIMEOUT_S

    def retries(self, method: str) -> bool:
        """Whether a call of the method may have been sent more than once."""
        return any(key in self._retried for key in _keys(method))


def _keys(method: str) -> tuple[tuple[str, str], ...]:
    _, service, rpc = method.split("/")
    return (service, rpc), (service, ""), ("", "")


def load(path: Path | None = None) -> ServiceConfig:
    """Reads `path`; without one, the file of the source tree this package lies in.

    Raises FileNotFoundError when there is neither.
    """
    return _load(path or _in_source_tree())


@lru_cache(maxsize=4)
def _load(path: Path) -> ServiceConfig:
    return ServiceConfig(json.loads(path.read_text()))


def _in_source_tree() -> Path:
    for folder in Path(__file__).resolve().parents:
        candidate = folder / _IN_SOURCE_TREE
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"no {_IN_SOURCE_TREE} above this package: set BANYAN_SERVICE_CONFIG_FILE")


def _seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))
