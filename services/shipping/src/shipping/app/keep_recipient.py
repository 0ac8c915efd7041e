"""The customer as a recipient: read, and replaced as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shipping.app.ports import Store, Transaction
from shipping.domain.recipient import Recipient


async def get_recipient(store: Store, customer_id: str) -> Recipient:
    """An empty one when nothing was ever set."""
    return await store.recipient(customer_id) or Recipient(customer_id=customer_id)


async def update_recipient(tx: Transaction, recipient: Recipient, now: datetime) -> Recipient:
    """The recipient as it is kept from now on."""
    kept = replace(recipient, updated_at=now)
    await tx.put_recipient(kept)
    return kept
