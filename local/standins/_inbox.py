"""What the mail catcher keeps: messages as they came, findable by recipient, parsed when somebody looks."""

from __future__ import annotations

import json
import secrets
import sqlite3
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import Any

from local.standins import _ledger

RECIPIENTS = """
CREATE TABLE IF NOT EXISTS recipients (
    address TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (address, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (id TEXT PRIMARY KEY, raw BLOB NOT NULL);
"""
Json = dict[str, Any]


def keep(conn: sqlite3.Connection, sender: str, recipients: list[str], raw: bytes) -> str:
    """Stores one message as it came over SMTP; returns its id. Parsing waits until it is read: most never are."""
    data: Json = {
        "id": f"msg_{secrets.token_hex(12)}",
        "from": sender,
        "to": recipients,
        "received_at": _ledger.timestamp(),
    }
    entry = _ledger.add(conn, "message", data["id"], {}, data)
    addresses = {(address.lower(), entry.seq) for address in recipients}
    conn.executemany("INSERT INTO recipients (address, seq) VALUES (?, ?)", addresses)
    conn.execute("INSERT INTO sources (id, raw) VALUES (?, ?)", (entry.id, raw))
    return entry.id


def describe(envelope: Json, raw: bytes) -> Json:
    """A message's envelope, subject, both bodies and headers (a repeated header keeps its last value)."""
    message = message_from_bytes(raw, policy=policy.default)
    return envelope | {
        "subject": str(message.get("subject", "")),
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
        "message_id": str(message.get("message-id", "")),
        "headers": {name: str(value) for name, value in message.items()},
    }


def listing(
    conn: sqlite3.Connection, to: str | None, after: int, limit: int
) -> tuple[list[Json], int | None]:
    """Messages (to one recipient) oldest first, and where the next page begins."""
    if to is None:
        found, rest = _ledger.page(conn, ("message",), after, limit)
        return [_read(conn, envelope) for envelope in found["message"]], rest
    rows = conn.execute(
        "SELECT seq, data FROM recipients JOIN entries USING (seq)"
        " WHERE address = ? AND seq > ? ORDER BY seq LIMIT ?",
        (to.lower(), after, limit + 1),
    ).fetchall()
    messages = [_read(conn, json.loads(data)) for _, data in rows[:limit]]
    return messages, rows[limit - 1][0] if len(rows) > limit else None


def entries(conn: sqlite3.Connection, after: int, limit: int) -> tuple[list[Json], int | None]:
    """Which messages came and when, without addresses and content, oldest first; and where the next page begins."""
    found, rest = _ledger.page(conn, ("message",), after, limit)
    lines = []
    for envelope in found["message"]:
        headers = BytesHeaderParser().parsebytes(source(conn, envelope["id"]) or b"")
        message_id = str(headers.get("message-id", "")).strip()
        lines.append({"id": envelope["id"], "message_id": message_id, "received_at": envelope["received_at"]})
    return lines, rest


def totals(conn: sqlite3.Connection) -> dict[str, int]:
    """Messages that are kept, and those that were thrown away."""
    kept = int(conn.execute("SELECT count(*) FROM entries").fetchone()[0])
    ever = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    return {"messages": kept, "removed": (int(ever[0]) if ever else 0) - kept}


def newest(conn: sqlite3.Connection, count: int) -> list[Json]:
    """The newest messages, newest first."""
    return [_read(conn, envelope) for _, envelope in _ledger.newest(conn, ("message",), count)]


def message(conn: sqlite3.Connection, message_id: str) -> Json | None:
    """One message, or None."""
    entry = _ledger.get(conn, "message", message_id)
    return None if entry is None else _read(conn, entry.data)


def clear(conn: sqlite3.Connection) -> int:
    """Throws every message away; returns how many there were."""
    conn.execute("DELETE FROM recipients")
    conn.execute("DELETE FROM sources")
    return conn.execute("DELETE FROM entries").rowcount


def source(conn: sqlite3.Connection, message_id: str) -> bytes | None:
    """The message as it came, or None."""
    row = conn.execute("SELECT raw FROM sources WHERE id = ?", (message_id,)).fetchone()
    return None if row is None else bytes(row[0])


def _read(conn: sqlite3.Connection, envelope: Json) -> Json:
    return describe(envelope, source(conn, envelope["id"]) or b"")


def _part(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body(preferencelist=(subtype,))
    if part is None:
        return None
    try:
        content = part.get_content()
    except (LookupError, UnicodeError):  # a charset that does not exist: show the bytes as they are
        payload = part.get_payload(decode=True)
        content = payload.decode("latin-1") if isinstance(payload, bytes) else ""
    return str(content)
