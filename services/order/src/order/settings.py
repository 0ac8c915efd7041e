"""Every setting of the order service; the only file that reads the environment."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator

from meshkit.settings import DatabaseSettings, ServiceSettings, settings_config, upstream
from order.domain.money import Money


class OrderSettings(DatabaseSettings, ServiceSettings):
    """Variables `ORDER_…`, and the neighbours' addresses."""

    model_config = settings_config("ORDER")

    cart_addr: str = upstream("CART")
    product_addr: str = upstream("PRODUCT")
    inventory_addr: str = upstream("INVENTORY")
    payment_addr: str = upstream("PAYMENT")
    shipping_addr: str = upstream("SHIPPING")

    # The one currency of the shop, and what a new customer may have in unfinished orders, in its minor units.
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    credit_limit_minor_units: int = Field(default=1_000_000, ge=0)
    # How long inventory holds units for an order.
    reservation_ttl_s: int = Field(default=900, ge=60, le=86_400)
    # How long a workflow is one replica's without a sign of life; longer than any one call of a step may take.
    lease_s: float = Field(default=15.0, ge=6.0, le=300.0)
    # A replica takes up at most so many workflows that others have left, looking for them this often.
    workflow_max_running: int = Field(default=32, ge=1, le=1000)
    workflow_poll_s: float = Field(default=1.0, gt=0.0, le=60.0)
    # How long reserve, charge or commit are retried before the order is turned round and rejected.
    forward_limit_s: float = Field(default=60.0, ge=1.0)
    # How long void, refund or release are retried before the workflow is parked for an operator.
    park_limit_s: float = Field(default=3600.0, ge=1.0)
    # What is kept of a call's time to send its answer.
    answer_margin_s: float = Field(default=0.25, ge=0.0, le=5.0)
    # Seals payment tokens at rest; in development the database's address is used when it is not set.
    token_key: SecretStr | None = None

    @model_validator(mode="after")
    def _token_key_in_production(self) -> OrderSettings:
        if self.environment == "production" and self.token_key is None:
            raise ValueError("ORDER_TOKEN_KEY: required in production")
        return self

    @property
    def credit_limit(self) -> Money:
        """What a new customer may have in unfinished orders."""
        return Money(self.credit_limit_minor_units, self.currency)

    @property
    def token_secret(self) -> str:
        """What the key of sealed tokens is made of; the same in every replica."""
        return (self.token_key or self.database_url).get_secret_value()
