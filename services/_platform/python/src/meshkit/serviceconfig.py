"""Timeouts per method, retries and load balancing: one JSON file for all languages of the mesh."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from meshkit.errors import KINDS
from meshkit.rpc.retrying import Budget, RetryPolicy

Key = tuple[str, str]

DEFAULT_TIMEOUT_S: Final = 2.0
_IN_SOURCE_TREE: Final = Path("protos/config/service_config.json")


class ServiceConfig:
    """A parsed gRPC service config."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._timeouts: dict[Key, float] = {}
        self._policies: dict[Key, RetryPolicy] = {}
        self._throttling: Mapping[str, Any] | None = document.get("retryThrottling")
        for entry in document.get("methodConfig", []):
            for name in entry["name"]:
                key = (name.get("service", ""), name.get("method", ""))
                if "timeout" in entry:
                    self._timeouts[key] = _seconds(entry["timeout"])
                if "retryPolicy" in entry:
                    self._policies[key] = _policy(entry["retryPolicy"])

    def timeout_s(self, method: str) -> float:
        """The time-out of `/pkg.v1.Service/Rpc`: its own, its service's, or the default."""
        return next(
            (self._timeouts[key] for key in _keys(method) if key in self._timeouts), DEFAULT_TIMEOUT_S
        )

    def retry_policy(self, method: str) -> RetryPolicy | None:
        """How calls of the method are retried; None when they are not."""
        return next((self._policies[key] for key in _keys(method) if key in self._policies), None)

    def retry_budget(self) -> Budget | None:
        """A full budget for the retries of one channel; None when they are not limited."""
        if self._throttling is None:
            return None
        return Budget(float(self._throttling["maxTokens"]), float(self._throttling["tokenRatio"]))


def _policy(entry: Mapping[str, Any]) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=int(entry["maxAttempts"]),
        initial_backoff_s=_seconds(entry["initialBackoff"]),
        max_backoff_s=_seconds(entry["maxBackoff"]),
        backoff_multiplier=float(entry["backoffMultiplier"]),
        codes=frozenset(KINDS[code.lower()] for code in entry["retryableStatusCodes"]),
    )


def _keys(method: str) -> tuple[Key, ...]:
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
