"""What an error quotes does not reach a log or a dead letter."""

from __future__ import annotations

import io
import json
import logging as stdlib

import asyncpg
import pytest

from meshkit import logging
from meshkit.postgres import Database
from meshkit.redaction import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no such user ann.b+c@example.co.uk here", "no such user [redacted] here"),
        ("postgres://shop:hunter2@db:5432/shop is away", "postgres://[redacted]@db:5432/shop is away"),
        ("token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.c2ln expired", "token [redacted] expired"),
        ("card 4111111111111111 or 4111 1111 1111 1111", "card [redacted] or [redacted]"),
        ("duplicate key\nDETAIL:  Key (email)=(a) already exists.", "duplicate key\nDETAIL:[redacted]"),
        (
            "bad [type=x, input_value='secret', input_type=str]",
            "bad [type=x, input_value=[redacted], input_type=str]",
        ),
    ],
)
def test_personal_data_is_marked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text", ["order 0198f0a2-7c1e-7000-8000-0123456789ab is confirmed", "took 1234 ms on 127.0.0.1:50051"]
)
def test_ids_and_figures_stay(text: str) -> None:
    assert redact(text) == text


async def test_a_row_quoted_by_postgres_does_not_reach_the_log(pool: Database) -> None:
    stream = io.StringIO()
    logging.configure("echo", "info", stream)
    try:
        async with pool.transaction() as connection:
            await connection.execute("CREATE UNIQUE INDEX ON effects (what)")
            await connection.execute("INSERT INTO effects (what) VALUES ('ann@example.com')")
            await connection.execute("INSERT INTO effects (what) VALUES ('ann@example.com')")
    except asyncpg.UniqueViolationError as error:
        logging.get_logger().error("call failed", exc_info=error)
        stdlib.getLogger("library").warning("for %s", "ann@example.com")
    finally:
        logging.configure("test", "info")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["call failed", "for [redacted]"]
    assert "UniqueViolationError" in lines[0]["exception"]
    assert "ann" not in stream.getvalue()
