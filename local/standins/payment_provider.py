"""The card payment provider as the shop sees it: charges and refunds under idempotency keys."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakValueDictionary

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.standins import _charges, _ledger
from local.standins._faults import FaultMiddleware, Faults
from local.standins._http import ApiError, created, idempotency_key, paging, read
from local.standins._ledger import Ledger
from local.standins._page import page, table
from local.standins._process import StandIn, arguments, run


class PaymentProvider:
    """The routes; every decision about money is made in one ledger transaction (see `_charges`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # One request at a time per key: a repeat that comes while the first is slow waits for its answer.
        self._keys: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def routes(self) -> list[Route]:
        """All that the provider answers."""
        return [
            Route("/", self.show),
            Route("/v1/charges", self.charge, methods=["POST"]),
            Route("/v1/charges", self.find_charges),
            Route("/v1/charges/{charge_id}", self.get_charge),
            Route("/v1/refunds", self.refund, methods=["POST"]),
            Route("/v1/refunds", self.find_refunds),
            Route("/v1/ledger", self.books),
        ]

    async def charge(self, request: Request) -> Response:
        """POST /v1/charges."""
        key = idempotency_key(request)
        body = await read(request, _charges.CHARGE)
        lock = self._keys.setdefault(key, asyncio.Lock())
        async with lock:
            if body["token"] == "tok_slow" and not await self._known("charge", key):  # noqa: S105
                await asyncio.sleep(_charges.SLOW_S)
            data, first = await self._ledger.run(lambda conn: _charges.charge(conn, key, body))
        if first and body["token"] == "tok_timeout_after_charge":  # noqa: S105
            await asyncio.sleep(_charges.HOLD_S)
        return created(data, first)

    async def refund(self, request: Request) -> Response:
        """POST /v1/refunds."""
        key = idempotency_key(request)
        body = await read(request, _charges.REFUND)
        return created(*await self._ledger.run(lambda conn: _charges.refund(conn, key, body)))

    async def get_charge(self, request: Request) -> Response:
        """GET /v1/charges/{id}: the charge and what was given back of it."""
        charge_id = request.path_params["charge_id"]

        def look(conn: Any) -> dict[str, Any] | None:
            entry = _ledger.get(conn, "charge", charge_id)
            return (
                None if entry is None else entry.data | {"refunded_minor": _charges.refunded(conn, charge_id)}
            )

        found = await self._ledger.run(look)
        if found is None:
            raise ApiError(404, "charge_not_found", "no such charge")
        return JSONResponse(found)

    async def find_charges(self, request: Request) -> Response:
        """GET /v1/charges?idempotency_key=K: none or one."""
        return await self._find(request, "charge")

    async def find_refunds(self, request: Request) -> Response:
        """GET /v1/refunds?idempotency_key=K: none or one."""
        return await self._find(request, "refund")

    async def books(self, request: Request) -> Response:
        """GET /v1/ledger: a page of the entries, and the totals of all of them."""
        after, limit = paging(request)

        def look(conn: Any) -> dict[str, Any]:
            found, rest = _ledger.page(conn, ("charge", "refund"), after, limit)
            return {
                "charges": found["charge"],
                "refunds": found["refund"],
                "totals": _charges.totals(conn),
                "next_after": rest,
            }

        return JSONResponse(await self._ledger.run(look))

    async def show(self, _: Request) -> Response:
        """GET /: totals and the newest entries, for a person."""

        def look(conn: Any) -> tuple[dict[str, dict[str, int]], list[tuple[str, dict[str, Any]]]]:
            return _charges.totals(conn), _ledger.newest(conn, ("charge", "refund"), 200)

        totals, entries = await self._ledger.run(look)
        sums = [
            (
                currency,
                t["charged_minor"],
                t["refunded_minor"],
                t["net_minor"],
                t["charges"],
                t["declined"],
                t["refunds"],
            )
            for currency, t in totals.items()
        ]
        columns = ("created_at", "id", "status", "decline_code", "amount_minor", "currency")
        rows = [
            (kind, *(e.get(name) or "" for name in columns), e.get("reference", e.get("charge_id")))
            for kind, e in entries
        ]
        return page(
            "Payment provider (stand-in)",
            table(
                ("currency", "charged", "refunded", "net", "charges", "declined", "refunds"),
                sums,
                "No money moved yet.",
            ),
            "<h1>Newest entries</h1>",
            table(
                ("kind", "time", "id", "status", "decline", "minor units", "currency", "for"),
                rows,
                "The books are empty.",
            ),
        )

    async def _known(self, kind: str, key: str) -> bool:
        return await self._ledger.run(lambda conn: _ledger.by_key(conn, kind, key)) is not None

    async def _find(self, request: Request, kind: str) -> Response:
        key = request.query_params.get("idempotency_key")
        if not key:
            raise ApiError(400, "invalid_request", "idempotency_key: required", "idempotency_key")
        entry = await self._ledger.run(lambda conn: _ledger.by_key(conn, kind, key))
        return JSONResponse({f"{kind}s": [] if entry is None else [entry.data]})


def build(ledger: Ledger) -> StandIn:
    """The provider on its books."""
    faults = Faults()
    return StandIn(
        routes=[*PaymentProvider(ledger).routes(), *faults.routes()],
        start=ledger.open,
        stop=ledger.close,
        middleware=[Middleware(FaultMiddleware, faults=faults)],
    )


def main() -> None:
    """Runs it."""
    args = arguments("The payment provider that stands outside the shop.")
    run(
        "payment-provider",
        args.listen,
        args.data,
        lambda: build(Ledger(args.data / "payment_provider.sqlite3")),
    )


if __name__ == "__main__":
    main()
