"""Corrupted stock and orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from local.tests.audit_books import CANCELLED, CONFIRMED, HELD, NOW, PENDING, REJECTED, STOCK, entries
from local.tests.audit_sabotage import bad, flow, history, levels, with_order

LONG_AGO: Final = NOW - timedelta(days=2)
STOCK_ROWS: Final = (
    bad("stock-balance", "a unit appeared", levels(on_hand=96), 100, 101),
    bad("stock-balance", "a unit vanished", levels(sold=5), 100, 99),
    bad("stock-movements", "goods without a movement", levels(received=101, on_hand=96), 101, 100),
    bad("stock-movements", "reserved without a movement", levels(reserved=3, on_hand=94), 3, 2),
    bad("stock-movements", "sold without a movement", levels(sold=7, on_hand=94), 7, 6),
    bad("stock-movements", "levels deleted", replace(STOCK, levels=None), "no levels"),
    bad("stock-reservations", "a reservation deleted", replace(STOCK, held_units=0), 2, 0),
    bad("stock-reservations", "a sale deleted", replace(STOCK, sold_units=4), 6, 4),
    bad("stock-reservations", "restocked twice", replace(STOCK, restocked_units=2), 3, 2),
    bad("stock-orders", "an order more than sold", replace(STOCK, ordered_units=4), 3, 4),
    bad("stock-orders", "sold what was never in stock", replace(STOCK, levels=None), 0, 3),
    bad(
        "reservations-in-time",
        "the sweep died",
        replace(PENDING, reservations=(replace(HELD, expires_at=NOW - timedelta(minutes=1)),)),
        60,
    ),
    bad("reservations-orders", "reservation gone", replace(CONFIRMED, reservations=()), "none"),
    bad("reservations-orders", "never committed", replace(CONFIRMED, reservations=(HELD,)), "held"),
    bad(
        "reservations-orders",
        "other units reserved",
        replace(CONFIRMED, reservations=(replace(HELD, state="committed", items="p1:2"),)),
        "p1:2,p2:1",
        "p1:2",
    ),
)
ORDER_ROWS: Final = (
    bad("order-states", "an unknown state", with_order(state="LOST"), "LOST"),
    bad("order-states", "no workflow", replace(CONFIRMED, workflow=None), "no workflow"),
    bad("order-states", "rejected for no reason", with_order(REJECTED, rejection_reason=""), "REJECTED"),
    bad("order-states", "confirmed at no time", with_order(was_confirmed=False), "False"),
    bad("order-states", "rejected and confirmed", with_order(REJECTED, was_confirmed=True), "True"),
    bad("order-states", "pending with nothing to do", flow(PENDING, status="done"), "PENDING", "done"),
    bad("order-states", "rejected and still at work", flow(REJECTED, status="active"), "active"),
    bad("order-histories", "no history", history(""), "begin"),
    bad("order-histories", "history cut at its begin", history("commit/succeeded/CONFIRMED"), "begin"),
    bad(
        "order-histories",
        "an illegal transition",
        history("place/succeeded/PENDING cancel/succeeded/CANCELLING cancel/succeeded/CANCELLED", CANCELLED),
        "PENDING",
        "CANCELLING",
    ),
    bad(
        "order-histories", "state changed by hand", with_order(state="CANCELLING"), "CANCELLING", "CONFIRMED"
    ),
    bad(
        "order-histories",
        "an unknown step",
        replace(CONFIRMED, timeline=(*CONFIRMED.timeline, *entries("teleport/succeeded/CONFIRMED"))),
        "teleport",
    ),
    bad(
        "order-histories",
        "confirmed without a charge",
        replace(CONFIRMED, timeline=tuple(each for each in CONFIRMED.timeline if each.step != "charge")),
        "reserve commit",
    ),
    bad(
        "order-histories",
        "rejected without its step",
        replace(REJECTED, timeline=REJECTED.timeline[:-1]),
        "reject",
    ),
    bad(
        "order-histories",
        "undone what was never begun",
        history("place/succeeded/PENDING charge/compensated/PENDING reject/succeeded/REJECTED", REJECTED),
        "charge",
    ),
    bad("order-sums", "a line changed", with_order(lines_minor=2400), 2400, 2500),
    bad("order-sums", "shipping changed", with_order(shipping_minor=0), 2500, 2899),
    bad("order-sums", "more paid back than paid", with_order(refunded_minor=3000), 3000, 2899),
    bad(
        "order-events",
        "confirmed in silence",
        replace(CONFIRMED, events=("order.placed",)),
        "order.confirmed",
    ),
    bad(
        "order-events",
        "confirmed twice",
        replace(CONFIRMED, events=(*CONFIRMED.events, "order.confirmed")),
        "order.confirmed order.confirmed",
    ),
    bad("order-events", "rejected in silence", replace(REJECTED, events=("order.placed",)), "order.rejected"),
    bad("orders-known", "the order deleted", replace(CONFIRMED, order=None), 1),
    bad(
        "workflows-in-time",
        "hangs on its way",
        flow(PENDING, step_started_at=NOW - timedelta(minutes=10)),
        600,
        120,
    ),
    bad(
        "workflows-in-time",
        "hangs on its way back",
        flow(PENDING, step="refund", step_started_at=LONG_AGO),
        "refund",
    ),
    bad(
        "workflows-in-time",
        "left to an operator",
        flow(PENDING, status="parked", step="refund", parked_reason="PROVIDER_DOWN"),
        "PROVIDER_DOWN",
    ),
)
