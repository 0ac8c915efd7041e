"""Every public mutation, one row each; a test holds the table to the contracts."""

from __future__ import annotations

from typing import Final

from tests.support.repeats.cart_rows import CART
from tests.support.repeats.order_rows import ORDER, PAYMENT
from tests.support.repeats.preference_rows import NOTIFICATION, SHIPPING
from tests.support.repeats.product_rows import INVENTORY, PRODUCT
from tests.support.repeats.user_rows import USER

ROWS: Final = (*USER, *PRODUCT, *INVENTORY, *CART, *ORDER, *PAYMENT, *SHIPPING, *NOTIFICATION)
SERVICES: Final = tuple(dict.fromkeys(row.service for row in ROWS))

# They hand out or end credentials, which nobody keeps to hand them out again: no key is read.
WITHOUT_KEY: Final = frozenset({"user.CreateSession", "user.RefreshSession", "user.DeleteCurrentSession"})
# They are asked with POST and change nothing.
READS: Final = frozenset({"order.QuoteOrder", "shipping.QuoteShipping"})
