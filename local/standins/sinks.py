"""Where SMS and push messages end: accepts each once per idempotency key and keeps it for inspection."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.standins import _ledger
from local.standins._faults import FaultMiddleware, Faults
from local.standins._http import created, idempotency_key, paging, read, text
from local.standins._ledger import Ledger
from local.standins._page import page, table
from local.standins._process import StandIn, arguments, run

KINDS = ("sms", "push")
MESSAGE = {"to": text(200), "body": text(4000)}


def accept(
    conn: sqlite3.Connection, kind: str, key: str, request: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """The message of this key and whether it is new; raises KeyConflictError."""
    known = _ledger.find(conn, kind, key, request)
    if known is not None:
        return known.data, False
    own = {"id": f"{kind}_{secrets.token_hex(12)}", "idempotency_key": key, "created_at": _ledger.timestamp()}
    return _ledger.add(conn, kind, key, request, own | request, ref=request["to"]).data, True


def counts(conn: sqlite3.Connection) -> dict[str, int]:
    """Messages by kind, over the whole of the books."""
    return dict.fromkeys(KINDS, 0) | dict(
        conn.execute("SELECT kind, count(*) FROM entries GROUP BY kind").fetchall()
    )


class Sinks:
    """The routes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """All that the sinks answer."""
        return [
            Route("/", self.show),
            *(Route(f"/v1/{kind}", self.send, methods=["POST"]) for kind in KINDS),
            Route("/v1/ledger", self.books),
        ]

    async def send(self, request: Request) -> Response:
        """POST /v1/sms and /v1/push."""
        kind = request.url.path.rpartition("/")[2]
        key = idempotency_key(request)
        body = await read(request, MESSAGE)
        data, first = await self._ledger.run(lambda conn: accept(conn, kind, key, body))
        return created({"id": data["id"]}, first)

    async def books(self, request: Request) -> Response:
        """GET /v1/ledger: a page of the messages, and how many there are in all."""
        after, limit = paging(request)

        def look(conn: sqlite3.Connection) -> dict[str, Any]:
            found, rest = _ledger.page(conn, KINDS, after, limit)
            return {**found, "totals": counts(conn), "next_after": rest}

        return JSONResponse(await self._ledger.run(look))

    async def show(self, _: Request) -> Response:
        """GET /: the newest messages, for a person."""
        entries = await self._ledger.run(lambda conn: _ledger.newest(conn, KINDS, 200))
        rows = [(e["created_at"], kind, e["to"], e["body"]) for kind, e in entries]
        return page(
            "SMS and push (stand-in)", table(("time", "kind", "to", "body"), rows, "Nothing was sent yet.")
        )


def build(ledger: Ledger) -> StandIn:
    """The sinks on their books."""
    faults = Faults()
    return StandIn(
        routes=[*Sinks(ledger).routes(), *faults.routes()],
        start=ledger.open,
        stop=ledger.close,
        middleware=[Middleware(FaultMiddleware, faults=faults)],
    )


def main() -> None:
    """Runs it."""
    args = arguments("The SMS and push providers that stand outside the shop.")
    run("sinks", args.listen, args.data, lambda: build(Ledger(args.data / "sinks.sqlite3")))


if __name__ == "__main__":
    main()
