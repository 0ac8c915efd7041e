"""Retries as gRPC's service config describes them (proposal A6), on a budget shared by all calls of a channel."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from meshkit.rpc import wiring
from meshkit.rpc.outgoing import Ended

PUSHBACK: Final = "grpc-retry-pushback-ms"
_jitter = random.Random()  # noqa: S311 - spreads retries; nobody gains from guessing when


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_attempts` counts the first one; `codes` are the statuses that are tried again."""

    max_attempts: int
    initial_backoff_s: float
    max_backoff_s: float
    backoff_multiplier: float
    codes: frozenset[int]

    def wait_s(self, retries: int, ended: Ended) -> float | None:
        """Seconds before retry number `retries` (from 1); None when the call is not to be retried."""
        if retries >= self.max_attempts or ended.begun or ended.code not in self.codes:
            return None
        told = ended.trailers.get(PUSHBACK)
        if told is not None:
            return int(told) / 1000 if told.isascii() and told.isdigit() else None
        longest = self.initial_backoff_s * self.backoff_multiplier ** (retries - 1)
        return _jitter.uniform(0.8, 1.2) * min(longest, self.max_backoff_s)


class Budget:
    """`retryThrottling`: failures cost a token, successes give `ratio` back; below half of `most` nothing is retried.

    So an outage makes at most `most / 2` retries and a share of `ratio` of the calls that go well after it.
    """

    def __init__(self, most: float, ratio: float) -> None:
        self._most = most
        self._ratio = ratio
        self._tokens = most

    def note(self, code: int, policy: RetryPolicy | None) -> None:
        """Counts the end of an attempt."""
        if code == wiring.OK:
            self._tokens = min(self._tokens + self._ratio, self._most)
        elif policy is not None and code in policy.codes:
            self._tokens = max(self._tokens - 1, 0.0)

    @property
    def left(self) -> bool:
        """Whether a retry may be made."""
        return self._tokens > self._most / 2
