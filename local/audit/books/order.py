"""Order's books: orders with their workflow and timeline, what was bought of each product, customers, kept answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from local.audit.books.connection import Book, Row
from local.audit.cases import CustomerCase, Entry, KeyCase, Order, Totals, Workflow
from local.audit.table import BOUGHT, MINOR_UNITS_PER_POINT, UNSETTLED

ORDERS: Final = """
SELECT o.order_id, o.user_id, o.state, o.currency, o.subtotal, o.shipping_price, o.total, o.refunded, o.payment_id,
       o.shipment_id, o.rejection_reason, o.confirmed_at IS NOT NULL AS was_confirmed, o.created_at,
       greatest(o.updated_at, w.step_started_at, t.last) AS changed_at, coalesce(l.items, '') AS items,
       coalesce(l.minor, 0)::bigint AS lines_minor, w.status, w.step, w.parked_reason, w.step_started_at, t.entries
  FROM orders o
  LEFT JOIN workflows w USING (order_id)
 CROSS JOIN LATERAL (
       SELECT string_agg((line->>'product_id') || ':' || (line->>'quantity'), ','
                         ORDER BY (line->>'product_id') COLLATE "C") AS items,
              sum((line->>'quantity')::bigint * (line->>'unit_price')::bigint) AS minor
         FROM jsonb_array_elements(o.lines) AS line) l
 CROSS JOIN LATERAL (
       SELECT string_agg(step || '/' || outcome || '/' || state, ' ' ORDER BY position) AS entries, max(time) AS last
         FROM timeline WHERE order_id = o.order_id) t
 ORDER BY o.order_id
"""
EVENTS: Final = """
SELECT entity_id, string_agg(subject, ' ' ORDER BY position) AS subjects
  FROM outbox WHERE subject LIKE 'order.%' GROUP BY entity_id ORDER BY entity_id COLLATE "C"
"""
UNITS: Final = """
SELECT line->>'product_id' AS product_id,
       coalesce(sum((line->>'quantity')::bigint) FILTER (WHERE state = ANY($1)), 0)::bigint AS bought,
       count(*) FILTER (WHERE state = ANY($2)) AS moving, max(updated_at) AS changed_at
  FROM orders CROSS JOIN LATERAL jsonb_array_elements(lines) AS line
 GROUP BY 1 ORDER BY (line->>'product_id') COLLATE "C"
"""
CUSTOMERS: Final = """
SELECT user_id, coalesce(c.open_amount, 0) AS open_amount, coalesce(c.order_count, 0) AS order_count,
       coalesce(c.lifetime_value, 0) AS lifetime_value, coalesce(c.loyalty_points, 0) AS loyalty_points,
       coalesce(s.open, 0)::bigint AS open, coalesce(s.count, 0)::bigint AS count,
       coalesce(s.value, 0)::bigint AS value, coalesce(s.points, 0)::bigint AS points
  FROM customers c
  FULL JOIN (SELECT user_id, sum(total) FILTER (WHERE state = ANY($2)) AS open,
                    count(*) FILTER (WHERE state = ANY($1)) AS count,
                    sum(total - refunded) FILTER (WHERE state = ANY($1)) AS value,
                    sum(total / $3::bigint) FILTER (WHERE state = ANY($1)) AS points
               FROM orders GROUP BY user_id) s USING (user_id)
"""
KEYS: Final = """
SELECT i.caller, i.method, i.request_id, encode(i.response, 'escape') AS points_to, i.created_at,
       o.order_id IS NOT NULL AS exists
  FROM idempotency i LEFT JOIN orders o ON o.order_id::text = encode(i.response, 'escape')
"""


async def orders(book: Book) -> AsyncIterator[tuple[str, tuple[Order, Workflow | None, tuple[Entry, ...]]]]:
    """Every order, by its id."""
    async for row in book.rows(ORDERS):
        order = Order(
            user_id=row["user_id"],
            state=row["state"],
            currency=row["currency"],
            items=row["items"],
            lines_minor=row["lines_minor"],
            subtotal_minor=row["subtotal"],
            shipping_minor=row["shipping_price"],
            total_minor=row["total"],
            refunded_minor=row["refunded"],
            payment_id=row["payment_id"],
            shipment_id=row["shipment_id"],
            rejection_reason=row["rejection_reason"],
            was_confirmed=row["was_confirmed"],
            placed_at=row["created_at"],
            changed_at=row["changed_at"],
        )
        workflow = None
        if row["status"] is not None:
            workflow = Workflow(
                status=row["status"],
                step=row["step"],
                parked_reason=row["parked_reason"],
                step_started_at=row["step_started_at"],
            )
        yield str(row["order_id"]), (order, workflow, timeline(row["entries"] or ""))


def timeline(entries: str) -> tuple[Entry, ...]:
    """`step/outcome/state` for each line, in order."""
    return tuple(Entry(*entry.split("/", 2)) for entry in entries.split())


async def events(book: Book) -> AsyncIterator[tuple[str, tuple[str, ...]]]:
    """The subjects that the outbox still has of each order."""
    async for row in book.rows(EVENTS):
        yield row["entity_id"], tuple(row["subjects"].split())


async def units(book: Book) -> AsyncIterator[tuple[str, Row]]:
    """Units bought of each product, and its orders that are not settled."""
    async for row in book.rows(UNITS, list(BOUGHT), list(UNSETTLED)):
        yield row["product_id"], row


async def customers(book: Book) -> AsyncIterator[CustomerCase]:
    """Every customer: figures as kept, and as their orders add up."""
    async for row in book.rows(CUSTOMERS, list(BOUGHT), list(UNSETTLED), MINOR_UNITS_PER_POINT):
        yield CustomerCase(
            id=row["user_id"],
            kept=Totals(
                open_amount=row["open_amount"],
                order_count=row["order_count"],
                lifetime_value=row["lifetime_value"],
                loyalty_points=row["loyalty_points"],
            ),
            summed=Totals(
                open_amount=row["open"],
                order_count=row["count"],
                lifetime_value=row["value"],
                loyalty_points=row["points"],
            ),
        )


async def keys(book: Book) -> AsyncIterator[KeyCase]:
    """Every kept answer and the order it tells of."""
    async for row in book.rows(KEYS):
        yield KeyCase(
            id=f"{row['method']} {row['request_id']} of {row['caller']}",
            service=book.service,
            points_to=row["points_to"],
            exists=row["exists"],
            changed_at=row["created_at"],
        )
