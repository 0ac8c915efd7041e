"""Failure injection: makes a stand-in slow, faulty or down. Its books (`/v1/ledger`) stay readable."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.standins._http import flag, integer, number, read

EXEMPT = "/v1/ledger"


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong; the default is nothing."""

    latency_ms: int = 0
    error_rate: float = 0.0
    down: bool = False


class Faults:
    """The plan in force, shared by the control route and those who apply it: the middleware, and SMTP."""

    def __init__(self) -> None:
        self.plan = FaultPlan()
        self._owed = 0.0

    def take_error(self) -> bool:
        """True for `error_rate` of the calls, evenly spread (every fourth at 0.25): a run repeats exactly."""
        self._owed += self.plan.error_rate
        if self._owed < 1.0:
            return False
        self._owed -= 1.0
        return True

    def routes(self) -> list[Route]:
        """`POST /_control` sets the whole plan (a field left out is off), `GET` shows it."""
        return [Route("/_control", self._control, methods=["GET", "POST"])]

    async def _control(self, request: Request) -> Response:
        if request.method == "POST":
            checks = {"latency_ms": integer(0, 60_000), "error_rate": number(0.0, 1.0), "down": flag}
            self.plan = FaultPlan(**await read(request, checks, asdict(FaultPlan())))
            self._owed = 0.0
        return JSONResponse(asdict(self.plan))


class FaultMiddleware:
    """Applies the plan before the stand-in sees a request: whatever fails here has had no effect."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/v1/") or path == EXEMPT:
            await self._app(scope, receive, send)
            return
        plan = self._faults.plan
        if plan.latency_ms:
            await asyncio.sleep(plan.latency_ms / 1000)
        if plan.down:
            await JSONResponse({"error": "down", "message": "switched off by /_control"}, 503)(
                scope, receive, send
            )
        elif self._faults.take_error():
            await JSONResponse({"error": "internal", "message": "failed by /_control"}, 500)(
                scope, receive, send
            )
        else:
            await self._app(scope, receive, send)
