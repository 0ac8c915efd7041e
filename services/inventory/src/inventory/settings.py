"""Everything the inventory service can be told; the only file that reads the environment."""

from __future__ import annotations

from pydantic import Field

from meshkit.settings import DatabaseSettings, ServiceSettings, settings_config


class InventorySettings(DatabaseSettings, ServiceSettings):
    """`INVENTORY_…` variables and the shared ones."""

    model_config = settings_config("INVENTORY")

    # How often expired reservations are looked for, 0.1 to 60 s.
    sweep_interval_s: float = Field(default=1.0, ge=0.1, le=60)
