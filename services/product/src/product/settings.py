"""Everything the product service can be told; the only file that reads the environment."""

from __future__ import annotations

from meshkit.settings import DatabaseSettings, ServiceSettings, settings_config


class ProductSettings(DatabaseSettings, ServiceSettings):
    """`PRODUCT_…` variables and the shared ones."""

    model_config = settings_config("PRODUCT")
