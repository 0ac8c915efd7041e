"""Between the tables of `0002_order.sql` and the domain; nothing here talks to a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from order.domain.customer import Customer, Purchase
from order.domain.money import Money
from order.domain.order import Address, Order, OrderLine, Speed
from order.domain.states import OrderState
from order.domain.steps import Step
from order.domain.workflow import Entry, Goal, Note, Status, Workflow

Row = asyncpg.Record


def lines_json(lines: tuple[OrderLine, ...]) -> str:
    """The lines as the column keeps them; prices in minor units, weights in grams."""
    return orjson.dumps(
        [
            {
                "product_id": line.product_id,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": line.unit_price.minor,
                "unit_weight_grams": line.unit_weight_grams,
            }
            for line in lines
        ]
    ).decode()


def address_json(address: Address) -> str:
    """The address as the column keeps it."""
    return orjson.dumps(address).decode()


def order_of(row: Row) -> Order:
    """A row of `orders`."""
    currency = row["currency"]
    return Order(
        order_id=str(row["order_id"]),
        user_id=row["user_id"],
        state=OrderState(row["state"]),
        lines=tuple(_line(line, currency) for line in orjson.loads(row["lines"])),
        shipping_price=Money(row["shipping_price"], currency),
        refunded=Money(row["refunded"], currency),
        address=_address(orjson.loads(row["address"])),
        speed=Speed(row["speed"]),
        payment_id=row["payment_id"],
        shipment_id=row["shipment_id"],
        rejection_reason=row["rejection_reason"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        confirmed_at=row["confirmed_at"],
        revision=row["revision"],
    )


def workflow_of(row: Row, payment_token: str | None) -> Workflow:
    """A row of `workflows`, its token opened already."""
    return Workflow(
        order_id=str(row["order_id"]),
        status=Status(row["status"]),
        goal=Goal(row["goal"]),
        step=Step(row["step"]),
        attempt=row["attempt"],
        undo=tuple(Step(step) for step in row["undo"]),
        reason=row["reason"],
        parked_reason=row["parked_reason"],
        cancel_requested=row["cancel_requested"],
        payment_token=payment_token,
        started_at=row["started_at"],
        step_started_at=row["step_started_at"],
        lease=row["lease"],
    )


def entry_of(row: Row) -> Entry:
    """A row of `timeline`."""
    return Entry(Step(row["step"]), Note(row["outcome"]), row["attempt"], row["time"], row["reason"])


def customer_of(row: Row, purchases: Sequence[Row]) -> Customer:
    """A row of `customers` with the newest bought orders."""
    currency = row["currency"]
    return Customer(
        user_id=row["user_id"],
        credit_limit=Money(row["credit_limit"], currency),
        open_amount=Money(row["open_amount"], currency),
        order_count=row["order_count"],
        lifetime_value=Money(row["lifetime_value"], currency),
        loyalty_points=row["loyalty_points"],
        last_order_at=row["last_order_at"],
        purchases=tuple(
            Purchase(
                str(bought["order_id"]), Money(bought["total"], bought["currency"]), bought["confirmed_at"]
            )
            for bought in purchases
        ),
    )


def _line(line: Mapping[str, Any], currency: str) -> OrderLine:
    return OrderLine(
        line["product_id"],
        line["name"],
        line["quantity"],
        Money(line["unit_price"], currency),
        line["unit_weight_grams"],
    )


def _address(fields: Mapping[str, Any]) -> Address:
    return Address(**{**fields, "address_lines": tuple(fields["address_lines"])})
