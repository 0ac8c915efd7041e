"""Runs the call behind each step; whatever a call does, an outcome comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from order.app.ports import Payments, Shipping, Stock
from order.domain.order import Order
from order.domain.steps import Outcome, Refused, Step
from order.domain.workflow import Workflow

Call = Callable[[Order, Workflow], Awaitable[Outcome]]


class Steps:
    """The calls of `order.domain.steps.RULES`, one each."""

    def __init__(self, *, stock: Stock, payments: Payments, shipping: Shipping) -> None:
        self._payments = payments
        self._calls: Mapping[Step, Call] = {
            Step.RESERVE: lambda order, _: stock.reserve(order),
            Step.CHARGE: self._charge,
            Step.COMMIT: lambda order, _: stock.commit(order),
            Step.VOID: lambda order, _: shipping.void(order),
            Step.REFUND: lambda order, _: payments.refund(order),
            Step.RELEASE: lambda order, _: stock.release(order),
        }

    async def run(self, order: Order, flow: Workflow) -> Outcome:
        """Makes the call of the present step."""
        return await self._calls[flow.step](order, flow)

    async def _charge(self, order: Order, flow: Workflow) -> Outcome:
        if (
            flow.payment_token is None
        ):  # can't be read any more (its key was changed): what was charged is refunded
            return Refused("PAYMENT_TOKEN_GONE")
        return await self._payments.charge(order, flow.payment_token)
