"""Everything the shipping service can be told; the only file that reads the environment."""

from __future__ import annotations

from pydantic import Field, model_validator

from meshkit.settings import DatabaseSettings, ServiceSettings, settings_config, shared


class ShippingSettings(DatabaseSettings, ServiceSettings):
    """`SHIPPING_…` variables and the shared ones."""

    model_config = settings_config("SHIPPING")

    carrier_url: str = shared("CARRIER_URL", pattern=r"^https?://.+")
    carrier_timeout_s: float = Field(default=3.0, gt=0, le=60)
    carrier_max_concurrent: int = Field(default=32, ge=1, le=200)
    label_concurrency: int = Field(default=16, ge=1, le=199)
    label_interval_s: float = Field(default=0.5, gt=0, le=60)
    label_lease_s: float = Field(default=30.0, ge=5, le=600)
    tracking_interval_s: float = Field(default=5.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _room_beside_labels(self) -> ShippingSettings:
        if self.label_concurrency >= self.carrier_max_concurrent:
            raise ValueError(
                "SHIPPING_LABEL_CONCURRENCY: must be below SHIPPING_CARRIER_MAX_CONCURRENT, "
                "which tracking and voids need too"
            )
        return self
