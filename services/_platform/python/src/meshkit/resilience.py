"""A guard around calls to one dependency: bounded concurrency, then a circuit breaker.

The only file that imports `interlock` (one maintainer; `purgatory` would take its place).
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final

from interlock import CircuitBreaker, CircuitOpenError, Config, State, WindowType

from meshkit.errors import RemoteError
from meshkit.telemetry import CIRCUIT_STATE

_STATE_VALUES: Final = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
# Half of at least 20 calls of the last 10 s must fail: failures of a start long past say nothing of now.
# Then silence for 2 s, then 4 s as long as probes fail: longer rests outlast the outage, and three probes cost nothing.
_CONFIG: Final = Config(
    failure_rate_threshold=0.5,
    minimum_number_of_calls=20,
    window_type=WindowType.TIME_BASED,
    window_size=10,
    permitted_calls_in_half_open=3,
    max_concurrent_probes=3,
    wait_duration_in_open=2.0,
    wait_duration_backoff_multiplier=2.0,
    wait_duration_in_open_max=4.0,
)
_FAILURE_KINDS: Final = frozenset({"deadline_exceeded", "unavailable", "unknown"})


def dependency_failed(error: Exception) -> bool:
    """The default judgement: the dependency did not answer. A refusal, even an INTERNAL one, is an answer."""
    return getattr(error, "kind", "unknown") in _FAILURE_KINDS


class _Classifier:
    def __init__(self, failed: Callable[[Exception], bool]) -> None:
        self._failed = failed

    def is_failure(self, *, result: object, exception: Exception | None) -> bool:
        return exception is not None and self._failed(exception)


class Guard:
    """`with guard:` around each call, in one task per call.

    Entering raises RemoteError, never sent: `unavailable CIRCUIT_OPEN` while the dependency is given a rest,
    `resource_exhausted BULKHEAD_FULL` when `max_concurrent` calls are under way already.
    """

    def __init__(
        self,
        upstream: str,
        *,
        max_concurrent: int = 100,
        failed: Callable[[Exception], bool] = dependency_failed,
    ) -> None:
        self._upstream = upstream
        self._max_concurrent = max_concurrent
        self._in_flight = 0
        self._breaker = CircuitBreaker(name=upstream, config=_CONFIG, classifier=_Classifier(failed))
        CIRCUIT_STATE.labels(upstream).set_function(self._state_value)

    @property
    def open(self) -> bool:
        """Whether calls are being refused without trying."""
        return self._breaker.state == State.OPEN

    def _state_value(self) -> float:
        return float(_STATE_VALUES.get(self._breaker.state, 0))

    def __enter__(self) -> Guard:
        if self._in_flight >= self._max_concurrent:
            message = f"{self._max_concurrent} calls to {self._upstream} are under way"
            raise RemoteError("resource_exhausted", "BULKHEAD_FULL", message, retry_after_s=0.2, sent=False)
        try:
            self._breaker.__enter__()
        except CircuitOpenError as error:
            message = f"{self._upstream} is failing, not called"
            raise RemoteError(
                "unavailable", "CIRCUIT_OPEN", message, retry_after_s=error.retry_after, sent=False
            ) from None
        self._in_flight += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_flight -= 1
        self._breaker.__exit__(kind, error, trace)
