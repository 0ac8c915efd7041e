"""The mail catcher: takes every message by SMTP, delivers none, and shows them on a page and as JSON."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.standins import _inbox
from local.standins._faults import Faults
from local.standins._http import ApiError, paging
from local.standins._ledger import Ledger
from local.standins._page import Markup, facts, link, page, table
from local.standins._process import StandIn, address_of, arguments, bind, run
from local.standins._smtp import Connection, Receiver


class Mailbox:
    """The HTTP routes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """All that the mail catcher answers over HTTP."""
        return [
            Route("/", self.show),
            Route("/messages/{message_id}", self.show_message),
            Route("/messages/{message_id}/source", self.show_source),
            Route("/api/messages", self.listing),
            Route("/api/messages", self.clear, methods=["DELETE"]),
            Route("/api/messages/{message_id}", self.get),
            Route("/v1/ledger", self.books),
        ]

    async def listing(self, request: Request) -> Response:
        """GET /api/messages?to=: oldest first, paged like a ledger."""
        after, limit = paging(request)
        to = request.query_params.get("to")
        messages, rest = await self._ledger.run(lambda conn: _inbox.listing(conn, to, after, limit))
        return JSONResponse({"messages": messages, "next_after": rest})

    async def books(self, request: Request) -> Response:
        """GET /v1/ledger: a page of which messages came, without addresses and content, and how many there are in all."""
        after, limit = paging(request)

        def look(conn: sqlite3.Connection) -> dict[str, Any]:
            messages, rest = _inbox.entries(conn, after, limit)
            return {"messages": messages, "totals": _inbox.totals(conn), "next_after": rest}

        return JSONResponse(await self._ledger.run(look))

    async def get(self, request: Request) -> Response:
        """GET /api/messages/{id}."""
        return JSONResponse(await self._message(request))

    async def clear(self, _: Request) -> Response:
        """DELETE /api/messages."""
        return JSONResponse({"deleted": await self._ledger.run(_inbox.clear)})

    async def show(self, _: Request) -> Response:
        """GET /: the inbox, newest first."""
        messages = await self._ledger.run(lambda conn: _inbox.newest(conn, 200))
        rows = [
            (
                m["received_at"],
                m["from"],
                ", ".join(m["to"]),
                link(f"/messages/{m['id']}", m["subject"] or "(no subject)"),
            )
            for m in messages
        ]
        return page(
            "Inbox (stand-in)",
            table(("received", "from", "to", "subject"), rows, "No mail yet."),
            refresh_s=5,
        )

    async def show_message(self, request: Request) -> Response:
        """GET /messages/{id}: both bodies; the HTML one in a frame without scripts, network or our origin."""
        message = await self._message(request)
        parts = [
            link("/", "← inbox"),
            facts(
                {name: message[name] for name in ("from", "received_at", "message_id")}
                | {"to": ", ".join(message["to"])}
            ),
        ]
        if message["html"] is not None:
            parts.append(
                Markup(f'<h1>HTML</h1><iframe sandbox="" srcdoc="{escape(message["html"])}"></iframe>')
            )
        if message["text"] is not None:
            parts.append(Markup(f"<h1>Text</h1><pre>{escape(message['text'])}</pre>"))
        parts.append(Markup(f"<h1>Headers</h1>{facts(message['headers'])}"))
        parts.append(link(f"/messages/{message['id']}/source", "source"))
        return page(message["subject"] or "(no subject)", *parts)

    async def show_source(self, request: Request) -> Response:
        """GET /messages/{id}/source: as it came over the wire."""
        message_id = request.path_params["message_id"]
        raw = await self._ledger.run(lambda conn: _inbox.source(conn, message_id))
        if raw is None:
            raise ApiError(404, "message_not_found", "no such message")
        return PlainTextResponse(
            raw.decode("utf-8", "replace"), headers={"x-content-type-options": "nosniff"}
        )

    async def _message(self, request: Request) -> dict[str, Any]:
        message_id = request.path_params["message_id"]
        message = await self._ledger.run(lambda conn: _inbox.message(conn, message_id))
        if message is None:
            raise ApiError(404, "message_not_found", "no such message")
        return message


class SmtpListener:
    """The SMTP side: starts after the ledger, stops before it."""

    def __init__(self, ledger: Ledger, faults: Faults, sock: socket.socket) -> None:
        self._ledger = ledger
        self._faults = faults
        self._sock = sock
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Opens the ledger, then takes connections."""
        await self._ledger.open()
        receiver = Receiver(self._ledger, self._faults)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(receiver), sock=self._sock
        )

    async def stop(self) -> None:
        """Stops accepting; a message in the middle of its transfer is the sender's to repeat."""
        if self._server is not None:
            self._server.close()
        await self._ledger.close()


def build(ledger: Ledger, sock: socket.socket) -> StandIn:
    """The mail catcher on its books and a bound SMTP socket."""
    faults = Faults()
    smtp = SmtpListener(ledger, faults, sock)
    routes = [*Mailbox(ledger).routes(), *faults.routes()]
    return StandIn(routes, smtp.start, smtp.stop, addresses={"smtp": address_of(sock)})


def main() -> None:
    """Runs it."""
    args = arguments("The mail server that stands outside the shop.", smtp=True)
    ledger = Ledger(args.data / "mail.sqlite3", _inbox.RECIPIENTS)
    run(
        "mail",
        args.listen,
        args.data,
        lambda: build(ledger, bind(args.smtp)),
        smtp=f"{args.smtp[0]}:{args.smtp[1]}",
    )


if __name__ == "__main__":
    main()
