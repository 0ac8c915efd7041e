"""The payment provider's rules: what a token does, when a refund is too much, and the totals of its books."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from local.standins import _ledger
from local.standins._http import ApiError, integer, text

MAX_AMOUNT_MINOR = 10**12
SLOW_S = 1.5
HOLD_S = 15.0

DECLINES = {"tok_declined": "card_declined"}
ACCEPTED = {"tok_ok", "tok_slow", "tok_timeout_after_charge"}

CHARGE = {
    "amount_minor": integer(1, MAX_AMOUNT_MINOR),
    "currency": text(3, r"[A-Z]{3}"),
    "token": text(100),
    "reference": text(200),
}
REFUND = {"charge_id": text(64), "amount_minor": integer(1, MAX_AMOUNT_MINOR)}

TOTALS = """
SELECT json_extract(data, '$.currency') AS currency,
       coalesce(sum(json_extract(data, '$.amount_minor'))
                FILTER (WHERE kind = 'charge' AND json_extract(data, '$.status') = 'succeeded'), 0),
       coalesce(sum(json_extract(data, '$.amount_minor')) FILTER (WHERE kind = 'refund'), 0),
       count(*) FILTER (WHERE kind = 'charge' AND json_extract(data, '$.status') = 'succeeded'),
       count(*) FILTER (WHERE kind = 'charge' AND json_extract(data, '$.status') = 'declined'),
       count(*) FILTER (WHERE kind = 'refund')
FROM entries GROUP BY 1 ORDER BY 1
"""


def charge(conn: sqlite3.Connection, key: str, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The charge of this key and whether it is new; raises KeyConflictError, ApiError for `tok_error`."""
    known = _ledger.find(conn, "charge", key, request)
    if known is not None:
        return known.data, False
    token = request["token"]
    if token == "tok_error":  # noqa: S105 - a name of a test case, no secret
        raise ApiError(500, "processing_error", "the card network failed; nothing was charged")
    decline = None if token in ACCEPTED else DECLINES.get(token, "invalid_token")
    data = {
        "id": f"ch_{secrets.token_hex(12)}",
        "status": "succeeded" if decline is None else "declined",
        "decline_code": decline,
        "amount_minor": request["amount_minor"],
        "currency": request["currency"],
        "reference": request["reference"],
        "token": token,
        "idempotency_key": key,
        "created_at": _ledger.timestamp(),
    }
    return _ledger.add(conn, "charge", key, request, data, ref=request["reference"]).data, True


def refund(conn: sqlite3.Connection, key: str, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The refund of this key and whether it is new; raises KeyConflictError, ApiError 404 or 422."""
    known = _ledger.find(conn, "refund", key, request)
    if known is not None:
        return known.data, False
    charged = _ledger.get(conn, "charge", request["charge_id"])
    if charged is None:
        raise ApiError(404, "charge_not_found", "no such charge", "charge_id")
    if charged.data["status"] != "succeeded":
        raise ApiError(422, "charge_not_succeeded", "a declined charge has nothing to refund", "charge_id")
    left = charged.data["amount_minor"] - refunded(conn, charged.id)
    if request["amount_minor"] > left:
        raise ApiError(
            422, "refund_exceeds_charge", f"{left} of this charge are left to refund", "amount_minor"
        )
    data = {
        "id": f"re_{secrets.token_hex(12)}",
        "status": "succeeded",
        "charge_id": charged.id,
        "amount_minor": request["amount_minor"],
        "currency": charged.data["currency"],
        "idempotency_key": key,
        "created_at": _ledger.timestamp(),
    }
    return _ledger.add(conn, "refund", key, request, data, ref=charged.id).data, True


def refunded(conn: sqlite3.Connection, charge_id: str) -> int:
    """Minor units given back of a charge so far."""
    total = "coalesce(sum(json_extract(data, '$.amount_minor')), 0)"
    sql = f"SELECT {total} FROM entries WHERE kind='refund' AND ref=?"  # noqa: S608
    return int(conn.execute(sql, (charge_id,)).fetchone()[0])


def totals(conn: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Money in and out by currency, over the whole of the books."""
    names = ("charged_minor", "refunded_minor", "charges", "declined", "refunds")
    rows = conn.execute(TOTALS).fetchall()
    result = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
    return {
        currency: sums | {"net_minor": sums["charged_minor"] - sums["refunded_minor"]}
        for currency, sums in result.items()
    }
