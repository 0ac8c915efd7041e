"""Payment's books: payments with their refunds, and kept answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

from google.protobuf.message import DecodeError

from banyan.payment.v1 import payment_service_pb2
from local.audit.books.connection import Book, Row
from local.audit.cases import KeyCase, Payment, Refund

PAYMENTS: Final = """
SELECT p.order_id, p.payment_id, p.state, p.currency_code, p.amount_minor, p.refunded_minor, p.provider_charge_id,
       p.created_at, greatest(p.updated_at, r.last) AS changed_at, r.refunds
  FROM payments p
 CROSS JOIN LATERAL (
       SELECT json_agg(json_build_array(refund_id, state, amount_minor, extract(epoch FROM created_at))
                       ORDER BY refund_id) AS refunds, max(updated_at) AS last
         FROM refunds WHERE payment_id = p.payment_id) r
 ORDER BY p.order_id
"""
KEYS: Final = "SELECT caller, method, request_id, response, created_at FROM idempotency"
KNOWN: Final = "SELECT refund_id::text AS id FROM refunds WHERE refund_id::text = ANY($1)"
CHUNK: Final = 500


async def payments(book: Book) -> AsyncIterator[tuple[str, Payment]]:
    """Every payment, by its order."""
    async for row in book.rows(PAYMENTS):
        payment = Payment(
            payment_id=str(row["payment_id"]),
            state=row["state"],
            currency=row["currency_code"],
            amount_minor=row["amount_minor"],
            refunded_minor=row["refunded_minor"],
            charge_id=row["provider_charge_id"],
            created_at=row["created_at"],
            changed_at=row["changed_at"],
            refunds=tuple(map(_refund, json.loads(row["refunds"] or "[]"))),
        )
        yield str(row["order_id"]), payment


def _refund(fields: Sequence[str]) -> Refund:
    refund_id, state, amount, created = fields
    return Refund(
        refund_id=refund_id,
        state=state,
        amount_minor=int(amount),
        created_at=datetime.fromtimestamp(float(created), UTC),
    )


async def keys(book: Book) -> AsyncIterator[KeyCase]:
    """Every kept answer and the refund it tells of."""
    batch: list[tuple[Row, str]] = []
    async for row in book.rows(KEYS):
        batch.append((row, _refund_of(row["response"])))
        if len(batch) == CHUNK:
            for case in await _cases(book, batch):
                yield case
            batch = []
    for case in await _cases(book, batch):
        yield case


def _refund_of(response: bytes) -> str:
    """The refund in a kept answer; empty when it can't be read."""
    try:
        answer = payment_service_pb2.RefundPaymentResponse.FromString(response)
    except DecodeError:
        return ""
    return str(answer.refund.refund_id)


async def _cases(book: Book, batch: Sequence[tuple[Row, str]]) -> list[KeyCase]:
    known = {row["id"] for row in await book.fetch(KNOWN, [refund for _, refund in batch])}
    return [
        KeyCase(
            id=f"{row['method']} {row['request_id']} of {row['caller']}",
            service=book.service,
            points_to=refund,
            exists=refund in known,
            changed_at=row["created_at"],
        )
        for row, refund in batch
    ]
