"""The keys that sign access tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from user.domain.session import ACCESS_TOKEN_LIFE

# A replica may sign with a key for a moment after it was retired, and clocks differ.
MARGIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 key pair as a private JWK (JSON text). The newest one that is not retired signs."""

    kid: str
    private_jwk: str
    created_at: datetime
    retired_at: datetime | None = None

    def verifies_at(self, now: datetime) -> bool:
        """Whether a token that it signed may still be good."""
        return self.retired_at is None or now < self.retired_at + ACCESS_TOKEN_LIFE + MARGIN
