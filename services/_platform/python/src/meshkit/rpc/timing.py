"""How often and how long a client looks, waits and asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds; the defaults are for a mesh."""

    resolve_every_s: float = 5.0
    """How long a new replica may go unnoticed; pods come and go within seconds when a service scales."""
    connect_s: float = 5.0
    """For a connection to stand, and again for the server's first word on it."""
    silent_s: float = 0.5
    """A connection that owes answers for so long, and gives none, is passed over while there is another."""
    keepalive_s: float = 20.0
    """A connection with calls on it that has been silent for so long is asked whether it is still there."""
    keepalive_answer_s: float = 5.0
    """For the answer to that; without one it is given up with all its calls."""
    gone_grace_s: float = 30.0
    """For the calls under way to an address that is no longer listed."""
