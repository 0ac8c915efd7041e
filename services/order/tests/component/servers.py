"""Fake upstreams over real gRPC: the books of a shop behind the generated contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor

from banyan.cart.v1 import cart_pb2, cart_service_pb2
from banyan.common.v1.money_pb2 import Money
from banyan.inventory.v1 import inventory_service_pb2
from banyan.payment.v1 import payment_pb2, payment_service_pb2
from banyan.product.v1 import product_pb2, product_service_pb2
from banyan.shipping.v1 import shipping_pb2, shipping_service_pb2
from meshkit.context import CallContext
from meshkit.methods import GrpcService, grpc_service
from meshkit.server import App
from meshkit.settings import ServiceSettings, settings_config
from meshkit.testing import running
from services.order.tests.books import Payment, Refusal, Shop


class FakeSettings(ServiceSettings):
    model_config = settings_config("FAKE")


class Faults:
    """What calls meet, by RPC name: an error before or after the effect, or a gate to wait at."""

    def __init__(self) -> None:
        self.before: dict[str, list[Exception]] = {}
        self.after: dict[str, list[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}

    async def around(self, shop: Shop, name: str, effect: Callable[[], Any]) -> Any:
        shop.calls.append(name)
        if gate := self.gates.get(name):
            await gate.wait()
        if errors := self.before.get(name):
            raise errors.pop(0)
        result = effect()
        if errors := self.after.get(name):
            raise errors.pop(0)
        return result


def _money(minor: int) -> Money:
    return Money(minor_units=minor, currency_code="EUR")


def _payment(order_id: str, payment: Payment) -> payment_pb2.Payment:
    return payment_pb2.Payment(
        payment_id=payment.payment_id,
        order_id=order_id,
        state=f"PAYMENT_STATE_{payment.state}",
        amount=_money(payment.amount),
        refunded=_money(payment.refunded),
    )


class Cart:
    def __init__(self, shop: Shop, faults: Faults) -> None:
        self._shop, self._faults = shop, faults

    async def GetCart(self, request: Any, context: CallContext) -> cart_service_pb2.GetCartResponse:
        cart = await self._faults.around(
            self._shop, "GetCart", lambda: self._shop.carts.get(context.identity.user_id or "", {})
        )
        items = [cart_pb2.CartItem(product_id=key, quantity=quantity) for key, quantity in cart.items()]
        return cart_service_pb2.GetCartResponse(cart=cart_pb2.Cart(items=items))


class Product:
    def __init__(self, shop: Shop, faults: Faults) -> None:
        self._shop, self._faults = shop, faults

    async def BatchGetProducts(
        self, request: product_service_pb2.BatchGetProductsRequest, context: CallContext
    ) -> product_service_pb2.BatchGetProductsResponse:
        def found() -> list[product_pb2.Product]:
            return [
                product_pb2.Product(
                    product_id=product_id,
                    name=entry.name,
                    price=Money(minor_units=entry.price, currency_code=entry.currency),
                    weight_grams=entry.weight_grams,
                )
                for product_id in request.product_ids
                if (entry := self._shop.products.get(product_id))
            ]

        products = await self._faults.around(self._shop, "BatchGetProducts", found)
        return product_service_pb2.BatchGetProductsResponse(products=products)


class Inventory:
    def __init__(self, shop: Shop, faults: Faults) -> None:
        self._shop, self._faults = shop, faults

    async def Reserve(
        self, request: inventory_service_pb2.ReserveRequest, context: CallContext
    ) -> inventory_service_pb2.ReserveResponse:
        items = {item.product_id: item.quantity for item in request.items}
        await self._faults.around(
            self._shop, "Reserve", lambda: self._shop.stock.reserve(request.order_id, items)
        )
        return inventory_service_pb2.ReserveResponse()

    async def CommitReservation(
        self, request: inventory_service_pb2.CommitReservationRequest, context: CallContext
    ) -> inventory_service_pb2.CommitReservationResponse:
        await self._faults.around(
            self._shop, "CommitReservation", lambda: self._shop.stock.commit(request.order_id)
        )
        return inventory_service_pb2.CommitReservationResponse()

    async def ReleaseReservation(
        self, request: inventory_service_pb2.ReleaseReservationRequest, context: CallContext
    ) -> inventory_service_pb2.ReleaseReservationResponse:
        await self._faults.around(
            self._shop, "ReleaseReservation", lambda: self._shop.stock.release(request.order_id)
        )
        return inventory_service_pb2.ReleaseReservationResponse()


class Payments:
    def __init__(self, shop: Shop, faults: Faults) -> None:
        self._shop, self._faults = shop, faults

    async def Charge(
        self, request: payment_service_pb2.ChargeRequest, context: CallContext
    ) -> payment_service_pb2.ChargeResponse:
        assert context.identity.user_id == request.user_id
        payment = await self._faults.around(
            self._shop,
            "Charge",
            lambda: self._shop.payments.charge(
                request.order_id, request.amount.minor_units, request.payment_token
            ),
        )
        return payment_service_pb2.ChargeResponse(payment=_payment(request.order_id, payment))

    async def RefundOrder(
        self, request: payment_service_pb2.RefundOrderRequest, context: CallContext
    ) -> payment_service_pb2.RefundOrderResponse:
        payment = await self._faults.around(
            self._shop, "RefundOrder", lambda: self._shop.payments.refund_all(request.order_id)
        )
        found = _payment(request.order_id, payment) if payment else None
        return payment_service_pb2.RefundOrderResponse(payment=found)


class Shipping:
    def __init__(self, shop: Shop, faults: Faults) -> None:
        self._shop, self._faults = shop, faults

    async def QuoteShipping(
        self, request: shipping_service_pb2.QuoteShippingRequest, context: CallContext
    ) -> shipping_service_pb2.QuoteShippingResponse:
        if request.country_code == "AQ":
            raise Refusal("failed_precondition", "DESTINATION_NOT_SERVED")
        prices = await self._faults.around(self._shop, "QuoteShipping", lambda: self._shop.parcels.prices)
        options = [
            shipping_service_pb2.ShippingOption(
                speed=getattr(shipping_pb2, f"SPEED_{speed}"), price=_money(price)
            )
            for speed, price in prices.items()
        ]
        return shipping_service_pb2.QuoteShippingResponse(options=options)

    async def VoidShipment(
        self, request: shipping_service_pb2.VoidShipmentRequest, context: CallContext
    ) -> shipping_service_pb2.VoidShipmentResponse:
        await self._faults.around(
            self._shop, "VoidShipment", lambda: self._shop.parcels.void(request.order_id)
        )
        return shipping_service_pb2.VoidShipmentResponse()


def _complete(descriptor: ServiceDescriptor, servicer: object) -> GrpcService:
    """Adds the RPCs that ordering never calls."""

    async def unused(request: Any, context: Any) -> Any:
        raise Refusal("unimplemented", "UNUSED")

    for method in descriptor.methods:
        if not hasattr(servicer, method.name):
            setattr(servicer, method.name, unused)
    return grpc_service(descriptor, servicer)


@asynccontextmanager
async def upstreams(shop: Shop, faults: Faults) -> AsyncIterator[dict[str, str]]:
    """Serves all five on free ports; yields their addresses by name."""
    servers = {
        "cart": (cart_service_pb2.DESCRIPTOR, "CartService", Cart(shop, faults)),
        "product": (product_service_pb2.DESCRIPTOR, "ProductService", Product(shop, faults)),
        "inventory": (inventory_service_pb2.DESCRIPTOR, "InventoryService", Inventory(shop, faults)),
        "payment": (payment_service_pb2.DESCRIPTOR, "PaymentService", Payments(shop, faults)),
        "shipping": (shipping_service_pb2.DESCRIPTOR, "ShippingService", Shipping(shop, faults)),
    }
    async with AsyncExitStack() as stack:
        addresses = {}
        for name, (file, service, servicer) in servers.items():
            app = App(name, FakeSettings(), [_complete(file.services_by_name[service], servicer)])
            served = await stack.enter_async_context(running(app, stop_grace_s=0.1))
            addresses[name] = served.server.addresses["grpc"]
        yield addresses
