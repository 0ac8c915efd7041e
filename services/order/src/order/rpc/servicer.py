"""`banyan.order.v1.OrderService`: map, use case, map back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from banyan.order.v1 import order_service_pb2 as calls
from meshkit import paging, wire
from meshkit.context import CallContext
from order.app.cancel_order import CancelOrder
from order.app.get_customer import GetCustomer
from order.app.get_order import GetOrder
from order.app.get_timeline import GetTimeline
from order.app.list_orders import ListOrders
from order.app.place_order import Answer, PlaceOrder
from order.app.quote_order import QuoteOrder
from order.contract import order_message
from order.rpc import mapping

# The edge's own budget for these calls, for a caller that names none.
_DEFAULT_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """Everything that can be asked for."""

    quote_order: QuoteOrder
    place_order: PlaceOrder
    get_order: GetOrder
    list_orders: ListOrders
    cancel_order: CancelOrder
    get_timeline: GetTimeline
    get_customer: GetCustomer


class OrderServicer:
    """One method for each RPC. `answer_margin_s` seconds of a call's time are kept for its answer."""

    def __init__(self, use_cases: UseCases, answer_margin_s: float) -> None:
        self._use_cases = use_cases
        self._answer_margin_s = answer_margin_s

    async def QuoteOrder(
        self, request: calls.QuoteOrderRequest, context: CallContext
    ) -> calls.QuoteOrderResponse:
        """What it would cost now."""
        quote = await self._use_cases.quote_order(
            mapping.items(request.items), request.country_code, mapping.speed(request.shipping_speed)
        )
        return mapping.quote_response(quote)

    async def PlaceOrder(
        self, request: calls.PlaceOrderRequest, context: CallContext
    ) -> calls.PlaceOrderResponse:
        """The order with its final state, or with 202 while it is not final."""
        answer = await self._use_cases.place_order(
            mapping.place_command(request, context), self._waiting(context)
        )
        _mark(answer, context)
        return calls.PlaceOrderResponse(order=order_message(answer.order))

    async def ListOrders(
        self, request: calls.ListOrdersRequest, context: CallContext
    ) -> calls.ListOrdersResponse:
        """A page, newest first."""
        viewer = mapping.viewer(context.identity)
        after = mapping.page_key(viewer, request.page_token)
        page = await self._use_cases.list_orders(viewer, after, paging.page_size(request.page_size))
        return calls.ListOrdersResponse(
            orders=[order_message(order) for order in page.orders],
            next_page_token=mapping.page_token(viewer, page.next),
        )

    async def GetOrder(self, request: calls.GetOrderRequest, context: CallContext) -> calls.GetOrderResponse:
        """One order."""
        order = await self._use_cases.get_order(mapping.viewer(context.identity), request.order_id)
        return calls.GetOrderResponse(order=order_message(order))

    async def CancelOrder(
        self, request: calls.CancelOrderRequest, context: CallContext
    ) -> calls.CancelOrderResponse:
        """The cancelled order, or with 202 while it is under way."""
        answer = await self._use_cases.cancel_order(
            mapping.cancel_command(request, context), self._waiting(context)
        )
        _mark(answer, context)
        return calls.CancelOrderResponse(order=order_message(answer.order))

    async def GetOrderTimeline(
        self, request: calls.GetOrderTimelineRequest, context: CallContext
    ) -> calls.GetOrderTimelineResponse:
        """Each recorded step."""
        entries = await self._use_cases.get_timeline(mapping.viewer(context.identity), request.order_id)
        return calls.GetOrderTimelineResponse(entries=[mapping.entry_message(entry) for entry in entries])

    async def GetCustomer(
        self, request: calls.GetCustomerRequest, context: CallContext
    ) -> calls.GetCustomerResponse:
        """The caller."""
        customer = await self._use_cases.get_customer(context.identity.user_id or "")
        return calls.GetCustomerResponse(customer=mapping.customer_message(customer))

    def _waiting(self, context: CallContext) -> Callable[[], float]:
        """How many seconds the caller can still wait, asked when the waiting begins."""

        def left() -> float:
            remaining = context.remaining_s()
            return max((_DEFAULT_WAIT_S if remaining is None else remaining) - self._answer_margin_s, 0.0)

        return left


def _mark(answer: Answer, context: CallContext) -> None:
    if answer.replayed:
        context.set_initial_metadata(wire.REPLAYED_KEY, "true")
    if not answer.final:
        context.set_initial_metadata("banyan-http-status", "202")
        context.set_initial_metadata("banyan-location", f"/v1/orders/{answer.order.order_id}")
