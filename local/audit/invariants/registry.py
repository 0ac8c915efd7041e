"""The one table of invariants. A new one is one more row and one more sabotage in its test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from local.audit.cases import (
    Case,
    ConsumerCase,
    CustomerCase,
    EventCase,
    KeyCase,
    LetterCase,
    MessageCase,
    OrderCase,
    ParcelCase,
    StockCase,
)
from local.audit.invariants import events, messages, money, orders, parcels, records, stock
from local.audit.rules import Rules
from local.audit.verdict import Verdict

C = TypeVar("C", bound=Case)
NATS: Final = "nats"
PROVIDER: Final = "payment-provider"


@dataclass(frozen=True, slots=True)
class Invariant(Generic[C]):
    """`judge` says what it means in its first line; `needs` names services, ledgers and `nats`.

    `at_any_time`: it looks at one transaction's work only and holds also for what is still moving.
    """

    name: str
    of: type[C]
    judge: Callable[[C, Rules], Verdict | None]
    needs: frozenset[str]
    at_any_time: bool = False

    @property
    def meaning(self) -> str:
        """The sentence that must hold."""
        return (self.judge.__doc__ or "").strip().splitlines()[0]


def _row(
    name: str,
    of: type[C],
    judge: Callable[[C, Rules], Verdict | None],
    needs: str = "",
    *,
    at_any_time: bool = False,
) -> Invariant[C]:
    return Invariant(name, of, judge, frozenset(needs.split()), at_any_time)


INVARIANTS: Final[tuple[Invariant[Any], ...]] = (
    _row("stock-balance", StockCase, stock.stock_balances, "inventory", at_any_time=True),
    _row("stock-movements", StockCase, stock.stock_moved, "inventory", at_any_time=True),
    _row("stock-reservations", StockCase, stock.stock_reserved, "inventory", at_any_time=True),
    _row("stock-orders", StockCase, stock.stock_ordered, "inventory order"),
    _row("reservations-in-time", OrderCase, stock.reservations_in_time, "inventory", at_any_time=True),
    _row("reservations-orders", OrderCase, stock.reservations_agree, "inventory order"),
    _row("order-states", OrderCase, orders.order_states, "order", at_any_time=True),
    _row("order-histories", OrderCase, orders.order_histories, "order", at_any_time=True),
    _row("order-sums", OrderCase, orders.order_sums, "order", at_any_time=True),
    _row("order-events", OrderCase, orders.order_events, "order", at_any_time=True),
    _row("orders-known", OrderCase, orders.orders_known, "order"),
    _row("workflows-in-time", OrderCase, orders.workflows_in_time, "order", at_any_time=True),
    _row("charged-once", OrderCase, money.charged_once, PROVIDER, at_any_time=True),
    _row("payments-orders", OrderCase, money.payments_agree, "order payment"),
    _row("payments-provider", OrderCase, money.provider_agrees, f"payment {PROVIDER}"),
    _row("refunds-bounded", OrderCase, money.refunds_bounded, "payment", at_any_time=True),
    _row("refunds-provider", OrderCase, money.provider_refunds, f"payment {PROVIDER}"),
    _row("payments-in-time", OrderCase, money.payments_in_time, "payment", at_any_time=True),
    _row("undone-hold-nothing", OrderCase, money.undone_hold_nothing, "order inventory payment"),
    _row("shipments-orders", OrderCase, parcels.shipped_once, "order shipping"),
    _row("parcels-carrier", ParcelCase, parcels.parcels_agree, "shipping carrier"),
    _row("labels-in-time", ParcelCase, parcels.labels_in_time, "shipping", at_any_time=True),
    _row("confirmation-mails", OrderCase, messages.confirmation_mailed, "order notification"),
    _row("messages-once", MessageCase, messages.told_once, "notification", at_any_time=True),
    _row("mails-server", MessageCase, messages.mails_agree, "notification mail"),
    _row("sms-push-sinks", MessageCase, messages.sinks_agree, "notification sinks"),
    _row("messages-in-time", MessageCase, messages.deliveries_in_time, "notification", at_any_time=True),
    _row("customer-figures", CustomerCase, records.customers_agree, "order", at_any_time=True),
    _row("idempotency-records", KeyCase, records.keys_point, at_any_time=True),
    _row("outbox-published", EventCase, events.outbox_published, at_any_time=True),
    _row("events-in-streams", EventCase, events.events_kept, NATS, at_any_time=True),
    _row("events-in-outboxes", EventCase, events.events_listed, NATS, at_any_time=True),
    _row("events-applied", EventCase, events.events_applied, NATS, at_any_time=True),
    _row("consumers-level", ConsumerCase, events.consumers_level, NATS),
    _row("dead-letters", LetterCase, events.letters_explained, NATS, at_any_time=True),
)
