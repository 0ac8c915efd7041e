"""The payment service, as the workflow needs it: one charge for an order, and all of it back."""

from __future__ import annotations

from banyan.payment.v1 import payment_pb2, payment_service_pb2
from meshkit.client import Caller
from order.adapters.outcomes import outcome_of
from order.contract import money_message
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.steps import Done, Outcome, Refused, Unclear

_SERVICE = "/banyan.payment.v1.PaymentService"


class PaymentClient:
    """The `Payments` behind a channel."""

    def __init__(self, channel: Caller) -> None:
        self._channel = channel

    async def charge(self, order: Order, payment_token: str) -> Outcome:
        """Charges the total; the same order again is the same charge."""
        return await outcome_of(self._charge(order, payment_token))

    async def refund(self, order: Order) -> Outcome:
        """Pays back whatever was charged, and closes the order for charging."""
        return await outcome_of(self._refund(order))

    async def _charge(self, order: Order, payment_token: str) -> Outcome:
        request = payment_service_pb2.ChargeRequest(
            order_id=order.order_id,
            user_id=order.user_id,
            amount=money_message(order.total),
            payment_token=payment_token,
            request_id=order.order_id,
        )
        response = await self._channel.unary(
            f"{_SERVICE}/Charge", request, payment_service_pb2.ChargeResponse
        )
        match response.payment.state:
            case payment_pb2.PAYMENT_STATE_SUCCEEDED:
                return Done(payment_id=response.payment.payment_id)
            case payment_pb2.PAYMENT_STATE_DECLINED:
                return Refused("PAYMENT_DECLINED")
            case payment_pb2.PAYMENT_STATE_FAILED:
                return Refused("PAYMENT_FAILED")
            case _:
                return Unclear("PAYMENT_PENDING")

    async def _refund(self, order: Order) -> Outcome:
        cancelling = order.state is OrderState.CANCELLING
        request = payment_service_pb2.RefundOrderRequest(
            order_id=order.order_id,
            reason="ORDER_CANCELLED" if cancelling else "ORDER_NOT_COMPLETED",
            request_id=f"{order.order_id}:refund",
        )
        response = await self._channel.unary(
            f"{_SERVICE}/RefundOrder", request, payment_service_pb2.RefundOrderResponse
        )
        if not response.HasField("payment"):
            return Done()
        payment = response.payment
        return Done(refunded_minor=payment.refunded.minor_units)
