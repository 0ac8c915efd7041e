"""Target files of the audit: what they may say, and that everything wrong is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.audit.target import Target, load_target
from local.errors import LocalError

GOOD = """
databases:
  order: postgres://order:${ORDER_PASSWORD}@order-postgres:5432/order
  payment: ${PAYMENT_DSN}
redis:
  cart: redis://cart:${CART_PASSWORD}@redis:6379/0
ledgers:
  carrier: http://carrier:8080
nats: nats://nats:4222
limits:
  sweep_s: 60
"""
ENVIRONMENT = {
    "ORDER_PASSWORD": "p@ss/word",
    "PAYMENT_DSN": "postgres://payment:x%40@payment:5432/payment",
    "CART_PASSWORD": "p@rt",
}


def load(folder: Path, text: str, environment: dict[str, str] | None = None) -> Target:
    """The target that a file with this text describes."""
    path = folder / "target.yaml"
    path.write_text(text)
    return load_target(path, environment or {})


def refusal(folder: Path, text: str) -> str:
    """Why the file is refused."""
    with pytest.raises(LocalError) as raised:
        load(folder, text)
    return str(raised.value)


def test_references_are_filled_in_and_encoded_inside_addresses(tmp_path: Path) -> None:
    target = load(tmp_path, GOOD, ENVIRONMENT)
    assert target.databases["order"] == "postgres://order:p%40ss%2Fword@order-postgres:5432/order"
    assert target.databases["payment"] == ENVIRONMENT["PAYMENT_DSN"]
    assert target.redis == {"cart": "redis://cart:p%40rt@redis:6379/0"}
    assert target.sources == {"order", "payment", "cart", "carrier", "nats"}
    assert target.services == {"order", "payment", "cart"}
    assert target.unread == ("user", "product", "inventory", "shipping", "notification")
    assert (target.limits.sweep_s, target.limits.outbox_s) == (60.0, 30.0)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, GOOD, ENVIRONMENT))
    assert "p%40ss" not in shown and "p%40rt" not in shown


def test_json_is_taken_too(tmp_path: Path) -> None:
    text = json.dumps({"databases": {"order": "postgresql://order@db/order"}})
    assert load(tmp_path, text).sources == {"order"}


def test_missing_variables_are_named_all_at_once(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD).endswith(
        "not in the environment: CART_PASSWORD, ORDER_PASSWORD, PAYMENT_DSN"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("databases: {}", "databases: Dictionary should have at least 1 item"),
        ("nats: nats://n:1", "databases: Field required"),
        (
            "databases: {oder: postgres://a@b/c}",
            "no service with a database is called 'oder': did you mean order?",
        ),
        ("databases: {cart: postgres://a@b/c}", "no service with a database is called 'cart'"),
        ("databases: {order: mysql://a@b/c}", "databases.order: String should match"),
        ("{databases: {order: postgres://a@b/c}, ledgers: {mails: http://m}}", "did you mean mail?"),
        ("{databases: {order: postgres://a@b/c}, limits: {sweep: 1}}", "did you mean sweep_s?"),
        ("{databases: {order: postgres://a@b/c}, limits: {sweep_s: 0}}", "greater than 0"),
        ("{databases: {order: postgres://a@b/c}, databse: 1}", "databse: Extra inputs are not permitted"),
        ("[", "can't be read"),
        ("", "should be a valid dictionary"),
    ],
)
def test_wrong_files_are_refused_with_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(tmp_path, text)


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    told = refusal(tmp_path, "{databases: {order: x}, nats: 5, more: 1}")
    assert all(part in told for part in ("databases.order", "nats", "more"))


def test_refusal_does_not_repeat_a_password(tmp_path: Path) -> None:
    assert "geheim" not in refusal(tmp_path, "databases: {order: 'mysql://order:geheim@db/order'}")


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="can't be read"):
        load_target(tmp_path / "none.yaml", {})
