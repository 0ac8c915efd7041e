"""The cart service, as ordering needs it."""

from __future__ import annotations

from collections.abc import Sequence

from banyan.cart.v1 import cart_service_pb2 as cart
from meshkit.client import Caller
from order.domain.order import Item

_GET = "/banyan.cart.v1.CartService/GetCart"


class CartClient:
    """The `Carts` behind a channel."""

    def __init__(self, channel: Caller) -> None:
        self._channel = channel

    async def items(self) -> Sequence[Item]:
        """What is in the cart of the user whose call is being answered."""
        response = await self._channel.unary(_GET, cart.GetCartRequest(), cart.GetCartResponse)
        return [Item(item.product_id, item.quantity) for item in response.cart.items]
