"""Looking back: orders, payments, parcels, messages."""

from __future__ import annotations

from loadtests.support.edge import Edge


def orders(edge: Edge) -> None:
    """The newest orders, and the last one from near."""
    found = edge.get("/v1/orders?page_size=20", name="/v1/orders").get("orders", [])
    if found:
        order_id = found[0]["orderId"]
        edge.get(f"/v1/orders/{order_id}", name="/v1/orders/{id}")
        edge.get(f"/v1/orders/{order_id}/timeline", name="/v1/orders/{id}/timeline")


def papers(edge: Edge) -> None:
    """What was paid, what is on its way, what was written."""
    edge.get("/v1/payments?page_size=20", name="/v1/payments")
    edge.get("/v1/shipments?page_size=20", name="/v1/shipments")
    edge.get("/v1/notifications?page_size=20", name="/v1/notifications")
