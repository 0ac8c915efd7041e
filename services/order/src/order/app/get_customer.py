"""The caller as a customer of sales."""

from __future__ import annotations

from order.app.ports import OrderReader
from order.domain.customer import Customer
from order.domain.money import Money


class GetCustomer:
    """A user who never ordered is a customer with the usual limit and nothing else."""

    def __init__(self, orders: OrderReader, credit_limit: Money) -> None:
        self._orders = orders
        self._credit_limit = credit_limit

    async def __call__(self, user_id: str) -> Customer:
        """Always answers."""
        known = await self._orders.customer(user_id)
        if known is not None:
            return known
        nothing = Money(0, self._credit_limit.currency)
        return Customer(
            user_id=user_id, credit_limit=self._credit_limit, open_amount=nothing, lifetime_value=nothing
        )
