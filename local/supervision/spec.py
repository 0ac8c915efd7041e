"""What the supervisor has to know about one process."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Probe = Callable[[], Awaitable[None]]
"""Returns when the process can work; raises NotReadyError (or OSError) with the reason when it can't yet."""


class NotReadyError(Exception):
    """The process answers, but can't work yet; the text is the reason."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: how to start it, when it is ready, how to stop it."""

    name: str
    kind: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    probe: Probe
    group: str = ""
    """The NAME that means this process together with its other replicas."""
    language: str = ""
    store: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    """Another account to run as; only root can."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 12.0
    """Seconds from the stop signal until the whole process group is killed."""
    tier: int = 0
    """Stops come in descending, starts in ascending tiers."""
    niceness: int = 0
    """0 to 19: how far it stands back for the supervisor's other processes when all want the processor."""
    hint: str = ""
    """What to do when it will not start."""
