"""Everything the user service can be told; the only file that reads the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from meshkit.settings import DatabaseSettings, ServiceSettings, settings_config, shared


class UserSettings(DatabaseSettings, ServiceSettings):
    """`USER_…` variables and the shared ones."""

    model_config = settings_config("USER")

    # Password hashing: threads at once, how many more may wait, and argon2id's cost (OWASP's minimum by default).
    hash_threads: int = Field(default=2, ge=1, le=64)
    hash_queue_max: int = Field(default=64, ge=1, le=10_000)
    argon2_memory_kib: int = Field(default=19_456, ge=8, le=1_048_576)
    argon2_time_cost: int = Field(default=2, ge=1, le=20)
    # A private Ed25519 key (PEM or JWK) to sign with, instead of one made at the first start.
    jwt_signing_key_file: Path | None = shared("BANYAN_JWT_SIGNING_KEY_FILE", None)
