"""The parcel carrier as the shop sees it: sells labels, moves parcels, voids what it has not picked up."""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.standins import _ledger
from local.standins._faults import FaultMiddleware, Faults
from local.standins._http import ApiError, created, flag, idempotency_key, integer, paging, read, record, text
from local.standins._ledger import Ledger
from local.standins._page import facts, page, table
from local.standins._process import StandIn, StartError, arguments, run

STEPS = ("label_created", "picked_up", "in_transit", "delivered")
MAX_NUMBERS = 200
SLOW_CITY = "Slowville"
SLOW_S = 1.0
Json = dict[str, Any]

LABEL = {
    "reference": text(200),
    "service": text(20, "standard|express"),
    "weight_grams": integer(1, 1_000_000),
    "destination": record({"country_code": text(2, "[A-Z]{2}"), "postal_code": text(20), "city": text(100)}),
}


class Carrier:
    """The routes and the journey of a parcel: one step every `step_s` seconds after its label was made."""

    def __init__(self, ledger: Ledger, step_s: float, now: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._step_s = step_s
        self._now = now
        self._held_at: float | None = None

    def routes(self) -> list[Route]:
        """All that the carrier answers."""
        return [
            Route("/", self.show),
            Route("/labels/{number}", self.print_label),
            Route("/v1/labels", self.buy, methods=["POST"]),
            Route("/v1/labels/{number}/void", self.void, methods=["POST"]),
            Route("/v1/trackings", self.track),
            Route("/v1/ledger", self.books),
            Route("/_parcels", self.hold, methods=["POST"]),
        ]

    def visible(self, label: Json) -> Json:
        """The label with where its parcel is now."""
        if label["voided_at"] is not None:
            status, since = "voided", label["voided_at"]
        else:
            now = self._now() if self._held_at is None else self._held_at
            step = min(max(int((now - label["created"]) / self._step_s), 0), len(STEPS) - 1)
            status, since = STEPS[step], label["created"] + step * self._step_s
        hidden = ("created", "voided_at", "id")
        shown = {name: value for name, value in label.items() if name not in hidden}
        return shown | {
            "status": status,
            "updated_at": _ledger.timestamp(since),
            "created_at": _ledger.timestamp(label["created"]),
        }

    async def hold(self, request: Request) -> Response:
        """POST /_parcels: while held, parcels stay where they are; then they are where they would have been."""
        held = (await read(request, {"held": flag}))["held"]
        if held != (self._held_at is not None):
            self._held_at = self._now() if held else None
        return JSONResponse({"held": held})

    async def buy(self, request: Request) -> Response:
        """POST /v1/labels."""
        key = idempotency_key(request)
        body = await read(request, LABEL)
        base = str(request.base_url)
        if body["destination"]["city"] == SLOW_CITY:
            await asyncio.sleep(SLOW_S)

        def work(conn: sqlite3.Connection) -> tuple[Json, bool]:
            known = _ledger.find(conn, "label", key, body)
            if known is not None:
                return known.data, False
            number = f"BN{secrets.randbelow(10**14):014d}"
            own = {
                "id": number,
                "tracking_number": number,
                "label_url": f"{base}labels/{number}",
                "idempotency_key": key,
            }
            data = own | body | {"created": self._now(), "voided_at": None}
            return _ledger.add(conn, "label", key, body, data, ref=body["reference"]).data, True

        label, first = await self._ledger.run(work)
        answer = {
            "tracking_number": label["tracking_number"],
            "label_url": label["label_url"],
            "status": STEPS[0],
        }
        return created(answer, first)

    async def void(self, request: Request) -> Response:
        """POST /v1/labels/{tracking_number}/void: 200 (also again), 409 once the parcel was picked up."""
        number = request.path_params["number"]

        def work(conn: sqlite3.Connection) -> Json:
            label = self._label(conn, number)
            status = self.visible(label)["status"]
            if status not in (STEPS[0], "voided"):
                raise ApiError(409, "already_picked_up", f"the parcel is {status}")
            if status != "voided":
                label["voided_at"] = self._now()
                _ledger.replace(conn, number, label)
            return self.visible(label)

        shown = await self._ledger.run(work)
        return JSONResponse({name: shown[name] for name in ("tracking_number", "status", "updated_at")})

    async def track(self, request: Request) -> Response:
        """GET /v1/trackings?numbers=a,b,c: up to 200; unknown numbers are listed apart."""
        numbers = [each for each in request.query_params.get("numbers", "").split(",") if each]
        if not 1 <= len(numbers) <= MAX_NUMBERS:
            raise ApiError(400, "invalid_request", f"numbers: give 1 to {MAX_NUMBERS}", "numbers")

        def look(conn: sqlite3.Connection) -> Json:
            found = {number: _ledger.get(conn, "label", number) for number in dict.fromkeys(numbers)}
            shown = [self.visible(entry.data) for entry in found.values() if entry is not None]
            fields = ("tracking_number", "status", "updated_at")
            trackings = [{name: each[name] for name in fields} for each in shown]
            return {
                "trackings": trackings,
                "unknown": [number for number, entry in found.items() if entry is None],
            }

        return JSONResponse(await self._ledger.run(look))

    async def books(self, request: Request) -> Response:
        """GET /v1/ledger: a page of the labels, and how many there are in all."""
        after, limit = paging(request)

        def look(conn: sqlite3.Connection) -> Json:
            found, rest = _ledger.page(conn, ("label",), after, limit)
            labels, voided = conn.execute(
                "SELECT count(*), count(json_extract(data, '$.voided_at')) FROM entries"
            ).fetchone()
            shown = [self.visible(label) for label in found["label"]]
            return {"labels": shown, "totals": {"labels": labels, "voided": voided}, "next_after": rest}

        return JSONResponse(await self._ledger.run(look))

    async def print_label(self, request: Request) -> Response:
        """GET /labels/{tracking_number}: the label itself."""
        number = request.path_params["number"]
        label = await self._ledger.run(lambda conn: self.visible(self._label(conn, number)))
        to = label["destination"]
        shown = {
            "service": label["service"],
            "weight": f"{label['weight_grams']} g",
            "reference": label["reference"],
        }
        return page(
            number,
            facts(
                shown
                | {"to": f"{to['postal_code']} {to['city']}, {to['country_code']}", "status": label["status"]}
            ),
        )

    async def show(self, _: Request) -> Response:
        """GET /: the newest labels, for a person."""
        entries = await self._ledger.run(lambda conn: _ledger.newest(conn, ("label",), 200))
        labels = [self.visible(data) for _, data in entries]
        rows = [
            (
                e["created_at"],
                e["tracking_number"],
                e["reference"],
                e["service"],
                e["weight_grams"],
                e["status"],
            )
            for e in labels
        ]
        head = ("time", "tracking number", "reference", "service", "grams", "status")
        return page("Carrier (stand-in)", table(head, rows, "No label was bought yet."))

    @staticmethod
    def _label(conn: sqlite3.Connection, number: str) -> Json:
        entry = _ledger.get(conn, "label", number)
        if entry is None:
            raise ApiError(404, "label_not_found", "no such tracking number")
        return entry.data


def build(ledger: Ledger, step_s: float) -> StandIn:
    """The carrier on its books."""
    faults = Faults()
    return StandIn(
        routes=[*Carrier(ledger, step_s).routes(), *faults.routes()],
        start=ledger.open,
        stop=ledger.close,
        middleware=[Middleware(FaultMiddleware, faults=faults)],
    )


def start(data: Path, step: str) -> StandIn:
    """The carrier in its data folder; `step` is seconds as text, 0.001…86400, else StartError."""
    try:
        step_s = float(step)
    except ValueError:
        step_s = 0.0
    if not 0.001 <= step_s <= 86_400:
        raise StartError(f"CARRIER_STEP_S: {step!r} is not a number of seconds from 0.001 to 86400")
    return build(Ledger(data / "carrier.sqlite3"), step_s)


def main() -> None:
    """Runs it."""
    args = arguments("The parcel carrier that stands outside the shop.")
    step_s = os.environ.get("CARRIER_STEP_S", "5")
    run("carrier", args.listen, args.data, lambda: start(args.data, step_s), step_s=step_s)


if __name__ == "__main__":
    main()
