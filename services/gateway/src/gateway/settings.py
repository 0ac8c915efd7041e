"""What the gateway can be told by its environment."""

from __future__ import annotations

from pydantic import Field

from meshkit.live import LiveSettings
from meshkit.settings import ListenAddress, ServiceSettings, settings_config, upstream


class GatewaySettings(ServiceSettings):
    """Own variables begin with `GATEWAY_`; each upstream's address is `<UPSTREAM>_ADDR`."""

    model_config = settings_config("GATEWAY")

    http_listen: ListenAddress = "0.0.0.0:8080"
    # Requests that run at once; more are answered 503 with Retry-After.
    max_concurrent_requests: int = Field(default=512, ge=1)
    # Open client connections; more are closed at once.
    max_connections: int = Field(default=4096, ge=1)
    # Calls that run at once to one upstream.
    max_concurrent_calls: int = Field(default=256, ge=1)

    user_addr: str = upstream("USER")
    product_addr: str = upstream("PRODUCT")
    cart_addr: str = upstream("CART")
    inventory_addr: str = upstream("INVENTORY")
    order_addr: str = upstream("ORDER")
    payment_addr: str = upstream("PAYMENT")
    shipping_addr: str = upstream("SHIPPING")
    notification_addr: str = upstream("NOTIFICATION")


class GatewayLive(LiveSettings):
    """What it can be told while it runs."""

    max_concurrent_requests: int | None = Field(default=None, ge=1)
    """None: as at the start."""
