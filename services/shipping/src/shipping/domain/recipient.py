"""The customer as shipping sees them: where parcels go, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shipping.domain.shipment import Address, Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How a recipient likes parcels; no speed means no preference."""

    speed: Speed | None = None
    leave_at_door: bool = False
    instructions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Addresses (at most 10, the usual first) and preferences; no `updated_at` when nothing was ever set."""

    customer_id: str
    addresses: tuple[Address, ...] = ()
    preferences: Preferences = Preferences()
    updated_at: datetime | None = None
