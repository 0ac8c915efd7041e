"""W3C trace context: the ids that every log line carries, cheap enough to make for each call."""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

# Ids need to be unlikely to repeat, not unguessable: the system's entropy would cost ten times more per call.
_random = random.Random()  # noqa: S311
_FORMAT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span's place in a trace: 32 and 16 lower-case hex digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """The header that makes the next hop's span a child of this one."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> TraceContext:
        """A new span in the same trace."""
        return TraceContext(self.trace_id, _hex(64), self.sampled)


_current: ContextVar[TraceContext | None] = ContextVar("meshkit_trace", default=None)


def current_trace() -> TraceContext | None:
    """The span that the running work belongs to."""
    return _current.get()


def trace_variable() -> ContextVar[TraceContext | None]:
    """The variable itself, for the two places that set and reset it."""
    return _current


def parse(traceparent: str | None) -> TraceContext | None:
    """The caller's span; None when the header is absent or malformed (then a new trace begins)."""
    match = _FORMAT.fullmatch(traceparent) if traceparent else None
    if match is None or match[1] == "ff" or match[2] == "0" * 32 or match[3] == "0" * 16:
        return None
    return TraceContext(match[2], match[3], bool(int(match[4], 16) & 1))


class _Sampling:
    """Process-wide: the share of new traces that is recorded."""

    share = 1.0


def sample_new_traces(percent: float) -> None:
    """From now on `percent` (0 to 100) of the traces that begin in this process are marked to be recorded."""
    _Sampling.share = percent / 100


def sampled() -> bool:
    """Whether the next new trace is to be recorded."""
    return _Sampling.share >= 1 or _random.random() < _Sampling.share


def new_trace() -> TraceContext:
    """The first span of a new trace."""
    return TraceContext(_hex(128), _hex(64), sampled())


def _hex(bits: int) -> str:
    return f"{_random.getrandbits(bits) or 1:0{bits // 4}x}"
