"""Customers' figures in memory."""

from __future__ import annotations

from dataclasses import replace

from order.domain.customer import Customer, share_of
from order.domain.errors import CreditLimitExceeded
from order.domain.money import Money
from order.domain.order import Order


class MemoryCustomers:
    """One customer for each user who ever ordered."""

    def __init__(self, credit_limit: Money) -> None:
        self._credit_limit = credit_limit
        self._customers: dict[str, Customer] = {}

    def get(self, user_id: str) -> Customer | None:
        """Without purchases: those are read off the orders."""
        return self._customers.get(user_id)

    def take_credit(self, order: Order) -> None:
        """Counts a new order against its customer's limit; raises CreditLimitExceeded."""
        customer = self._customers.get(order.user_id) or self._new(order.user_id)
        opened = customer.open_amount + order.total
        if opened.minor > customer.credit_limit.minor:
            raise CreditLimitExceeded(customer.credit_limit.minor)
        self._customers[order.user_id] = replace(customer, open_amount=opened, last_order_at=order.created_at)

    def follow(self, before: Order, after: Order) -> None:
        """Adds the difference that a change of an order makes."""
        customer, change = self._customers[after.user_id], share_of(after) - share_of(before)
        currency = customer.credit_limit.currency
        self._customers[after.user_id] = replace(
            customer,
            open_amount=Money(customer.open_amount.minor + change.open_amount, currency),
            order_count=customer.order_count + change.order_count,
            lifetime_value=Money(customer.lifetime_value.minor + change.lifetime_value, currency),
            loyalty_points=customer.loyalty_points + change.loyalty_points,
        )

    def _new(self, user_id: str) -> Customer:
        nothing = Money(0, self._credit_limit.currency)
        return Customer(
            user_id=user_id, credit_limit=self._credit_limit, open_amount=nothing, lifetime_value=nothing
        )
