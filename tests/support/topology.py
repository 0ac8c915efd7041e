"""Who deals with whom: one table of calls, events and metrics that tests check code and running mesh against.

Processes, languages, stores and synchronous calls stand in `local/topology.py`; here is what it does not need to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local import topology

NAMES: Final = tuple(row.name for row in topology.SERVICES)
LANGUAGES: Final = {row.name: row.language for row in topology.SERVICES}
CALLS: Final = {row.name: frozenset(row.upstreams) for row in topology.SERVICES}
WITH_DATABASE: Final = frozenset(row.name for row in topology.SERVICES if row.data_store == "postgres")


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event type: who tells it, and who listens."""

    subject: str
    message: str
    """Full name of its protobuf message."""
    consumers: frozenset[str] = frozenset()

    @property
    def producer(self) -> str:
        """The service whose stream it is on."""
        return self.subject.split(".", 1)[0]

    @property
    def stream(self) -> str:
        """Its JetStream stream, one for each producer."""
        return self.producer.upper()


def _event(subject: str, message: str, *consumers: str) -> EventRow:
    return EventRow(subject, f"banyan.{subject.split('.', 1)[0]}.v1.{message}", frozenset(consumers))


EVENTS: Final = (
    _event("user.registered", "UserRegistered", "notification"),
    _event("user.updated", "UserUpdated", "notification"),
    _event("user.session_revoked", "UserSessionRevoked"),
    _event("product.changed", "ProductChanged"),
    _event("product.deleted", "ProductDeleted"),
    _event("inventory.stock_changed", "StockChanged"),
    _event("order.placed", "OrderPlaced"),
    _event("order.confirmed", "OrderConfirmed", "cart", "shipping", "notification"),
    _event("order.rejected", "OrderRejected", "notification"),
    _event("order.cancelled", "OrderCancelled", "shipping", "notification"),
    _event("order.fulfilled", "OrderFulfilled"),
    _event("payment.charged", "PaymentCharged"),
    _event("payment.failed", "PaymentFailed"),
    _event("payment.refunded", "PaymentRefunded", "order", "notification"),
    _event("shipping.created", "ShipmentCreated", "order"),
    _event("shipping.dispatched", "ShipmentDispatched", "notification"),
    _event("shipping.delivered", "ShipmentDelivered", "order", "notification"),
    _event("notification.sent", "NotificationSent"),
    _event("notification.failed", "NotificationFailed"),
)
PRODUCERS: Final = frozenset(row.producer for row in EVENTS)
CONSUMERS: Final = frozenset(name for row in EVENTS for name in row.consumers)

# Who asks something outside the mesh through a guard of the platform kit; each counts as a client.
OUTSIDE: Final = frozenset({"payment", "shipping", "notification"})
CLIENTS: Final = frozenset(name for name, called in CALLS.items() if called) | OUTSIDE


def metric_sections(service: str) -> list[str]:
    """The sections of `protos/config/telemetry.yaml` that say what this service exports."""
    member = {
        "common": True,
        "clients": service in CLIENTS,
        "channels": bool(CALLS[service]),
        "database": service in WITH_DATABASE,
        "producers": service in PRODUCERS,
        "consumers": service in CONSUMERS,
        "live": True,
    }
    return [section for section, is_member in member.items() if is_member]


def contracts_of(service: str) -> frozenset[str]:
    """Packages `banyan.<name>.v1` that a service reads: its own, those of whom it calls, and of whom it hears."""
    heard = {row.producer for row in EVENTS if service in row.consumers}
    return frozenset({service, "common", "options"} | CALLS[service] | heard)
