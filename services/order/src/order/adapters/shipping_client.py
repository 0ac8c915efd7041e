"""The shipping service, as ordering needs it: what a parcel costs, and stopping one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from banyan.shipping.v1 import shipping_pb2, shipping_service_pb2
from meshkit.client import Caller
from order.adapters.outcomes import outcome_of
from order.domain.money import Money
from order.domain.order import Order, Speed
from order.domain.steps import Done, Outcome

_SERVICE: Final = "/banyan.shipping.v1.ShippingService"
_SPEEDS: Final[Mapping[int, Speed]] = {
    int(shipping_pb2.SPEED_STANDARD): Speed.STANDARD,
    int(shipping_pb2.SPEED_EXPRESS): Speed.EXPRESS,
}


class ShippingClient:
    """The `Shipping` behind a channel."""

    def __init__(self, channel: Caller) -> None:
        self._channel = channel

    async def quote(self, weight_grams: int, country_code: str) -> Mapping[Speed, Money]:
        """What each speed on offer costs; speeds that this service does not know are left out."""
        request = shipping_service_pb2.QuoteShippingRequest(
            weight_grams=weight_grams, country_code=country_code
        )
        response = await self._channel.unary(
            f"{_SERVICE}/QuoteShipping", request, shipping_service_pb2.QuoteShippingResponse
        )
        return {
            _SPEEDS[option.speed]: Money(option.price.minor_units, option.price.currency_code)
            for option in response.options
            if option.speed in _SPEEDS
        }

    async def void(self, order: Order) -> Outcome:
        """Stops the parcel, or makes sure that none will leave."""
        return await outcome_of(self._void(order))

    async def _void(self, order: Order) -> Outcome:
        request = shipping_service_pb2.VoidShipmentRequest(order_id=order.order_id)
        await self._channel.unary(
            f"{_SERVICE}/VoidShipment", request, shipping_service_pb2.VoidShipmentResponse
        )
        return Done()
