"""How much time a request gets: the route's budget, or less when the caller wants less."""

from __future__ import annotations

from gateway.transcode.errors import invalid

HEADER = b"banyan-timeout-ms"


def budget_s(route_budget_s: float, header: bytes | None) -> float:
    """Seconds for the whole request; a wish above the route's budget gets the budget. RequestError when malformed."""
    if header is None:
        return route_budget_s
    if not (header.isdigit() and len(header) <= 9 and int(header) >= 1):
        raise invalid([("Banyan-Timeout-Ms", "must be a whole number of milliseconds, 1 or more")])
    return min(int(header) / 1000, route_budget_s)
