"""The carrier over HTTP: each call has a deadline, a circuit breaker, a bulkhead, and a key where it buys."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import httpx2

from meshkit import tracing
from meshkit.context import current_remaining_s
from meshkit.errors import RemoteError
from meshkit.resilience import Guard
from meshkit.telemetry import CLIENT_DURATION
from shipping.app.ports import Label, Tracking
from shipping.domain.errors import CarrierRefused, CarrierUnavailable
from shipping.domain.shipment import Shipment

_MARGIN_S: Final = 0.05
# Failures before the request left this process; after any other the carrier may have acted.
_NOT_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class HttpCarrier:
    """Implements the `Carrier` port; `transport` is replaceable in tests.

    It is used without a client around it: there are no redirects, cookies or credentials here, and looking for them
    took a quarter of what a call costs.
    """

    name = "carrier"

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        max_concurrent: int,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        limits = httpx2.Limits(max_connections=max_concurrent, max_keepalive_connections=max_concurrent)
        self._transport = transport or httpx2.AsyncHTTPTransport(limits=limits)
        self._guard = Guard(self.name, max_concurrent=max_concurrent)

    async def start(self) -> None:
        """Nothing to do: connections open with the first calls."""

    async def stop(self, grace_s: float) -> None:
        """Closes the connections."""
        await self._transport.aclose()

    async def buy_label(self, shipment: Shipment) -> Label:
        """The label of this shipment; its id is the key, so that asking again gives the same one."""
        to = shipment.destination
        body = {
            "reference": shipment.id,
            "service": shipment.speed.value,
            "weight_grams": shipment.weight_grams,
            "destination": {
                "country_code": to.country_code,
                "postal_code": to.postal_code,
                "city": to.city,
            },
        }
        response = await self._call("buy_label", "POST", "/v1/labels", json=body, key=shipment.id)
        answer = _json(response, "buy_label")
        try:
            return Label(answer["tracking_number"], answer["label_url"])
        except KeyError as error:
            raise CarrierUnavailable("buy_label", in_doubt=True) from error

    async def void(self, tracking_number: str) -> bool:
        """Takes a label back; False when the parcel has left. A label that the carrier does not know is none."""
        path = f"/v1/labels/{tracking_number}/void"
        response = await self._call("void", "POST", path, accept=(404, 409))
        return response.status_code != 409

    async def trackings(self, tracking_numbers: Sequence[str]) -> Mapping[str, Tracking]:
        """Where parcels are, by number."""
        query = {"numbers": ",".join(tracking_numbers)}
        try:
            response = await self._call("trackings", "GET", "/v1/trackings", params=query)
            found = _json(response, "trackings")["trackings"]
            return {
                each["tracking_number"]: Tracking(each["status"], datetime.fromisoformat(each["updated_at"]))
                for each in found
            }
        except (CarrierRefused, KeyError, TypeError, ValueError) as error:
            raise CarrierUnavailable("trackings", in_doubt=False) from error

    async def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        key: str | None = None,
        accept: Sequence[int] = (),
    ) -> httpx2.Response:
        """One request. Raises CarrierUnavailable, and CarrierRefused for a 4xx that is not in `accept`."""
        started, outcome = time.monotonic(), "UNAVAILABLE"
        try:
            with tracing.client_span(f"carrier/{operation}") as span, self._guard:
                headers = {"traceparent": span.context.traceparent} | (
                    {"idempotency-key": key} if key else {}
                )
                request = httpx2.Request(
                    method,
                    self._url + path,
                    json=json,
                    params=params,
                    headers=headers,
                    extensions={"timeout": httpx2.Timeout(self._budget_s(operation)).as_dict()},
                )
                response = await self._answer(request)
                if response.status_code >= 500:
                    raise CarrierUnavailable(operation, in_doubt=True)
            outcome = _status(response.status_code, accept)
        except RemoteError as error:  # the guard's own: nothing was sent
            outcome = error.kind.upper()
            raise CarrierUnavailable(operation, in_doubt=False) from error
        except httpx2.PoolTimeout as error:
            outcome = "RESOURCE_EXHAUSTED"
            raise CarrierUnavailable(operation, in_doubt=False) from error
        except httpx2.TimeoutException as error:
            outcome = "DEADLINE_EXCEEDED"
            raise CarrierUnavailable(operation, in_doubt=not isinstance(error, _NOT_SENT)) from error
        except httpx2.HTTPError as error:
            raise CarrierUnavailable(operation, in_doubt=not isinstance(error, _NOT_SENT)) from error
        finally:
            seconds = time.monotonic() - started
            CLIENT_DURATION.labels(self.name, operation, outcome).observe(seconds)
        if outcome == "RESOURCE_EXHAUSTED":
            raise CarrierUnavailable(operation, in_doubt=False)
        if outcome != "OK":
            raise CarrierRefused(operation, f"HTTP_{response.status_code}")
        return response

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        finally:  # also when it was cut off: the connection goes back to the pool, or is closed
            await response.aclose()
        return response

    def _budget_s(self, operation: str) -> float:
        remaining = current_remaining_s()
        budget = self._timeout_s if remaining is None else min(self._timeout_s, remaining - _MARGIN_S)
        if budget <= 0:
            raise CarrierUnavailable(operation, in_doubt=False)
        return budget


def _status(code: int, accept: Sequence[int]) -> str:
    """The canonical code of an HTTP status below 500; those in `accept` are answers like any other."""
    if code < 400 or code in accept:
        return "OK"
    return "RESOURCE_EXHAUSTED" if code == 429 else "INVALID_ARGUMENT"


def _json(response: httpx2.Response, operation: str) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise CarrierUnavailable(operation, in_doubt=True) from error
    if not isinstance(answer, dict):
        raise CarrierUnavailable(operation, in_doubt=True)
    return answer
