"""A client as one should be: each request has a time limit, is repeated with the same key, and goes where it is answered."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from local.chaos.records import Records, Request, Try, What

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
AVOID_S: Final = 1.0
"""A gateway that did not answer is not asked first for so long."""
REFUSED: Final = httpx2.ConnectError.__name__
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one try may take, and all of them together. Both in seconds."""

    try_s: float
    all_s: float


ORDERING: Final = Patience(try_s=7.0, all_s=30.0)
BROWSING: Final = Patience(try_s=2.5, all_s=6.0)
CALLING: Final = Patience(try_s=6.0, all_s=30.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer that came; status 0 when none did."""

    status: int
    body: Json

    @property
    def good(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """A problem's code."""
        return str(self.body.get("code", ""))


class Client:
    """Speaks with the gateways in turn, and writes down every try."""

    def __init__(self, gateways: Sequence[str], records: Records, dice: random.Random) -> None:
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=20.0)
        self._https = [httpx2.AsyncClient(base_url=url, limits=limits) for url in gateways]
        self._avoid = [0.0] * len(gateways)
        self._turn = itertools.count()
        self._records = records
        self._started = time.monotonic()
        self._dice = dice

    def restart_clock(self) -> None:
        """The run begins now."""
        self._started = time.monotonic()

    def now_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    async def send(
        self,
        what: What,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        patience: Patience = CALLING,
    ) -> Answer:
        """Repeats a request until it is answered for good or patience ends. A 401 is handed to the caller at once."""
        request = Request(what, self.now_s())
        self._records.requests.append(request)
        until = request.began_s + patience.all_s
        pause = FIRST_PAUSE_S
        while True:
            limit = min(patience.try_s, max(until - self.now_s(), 0.1))
            tried, answer = await self._try(method, path, body, headers or {}, limit)
            request.tries.append(tried)
            request.ended_s = self.now_s()
            if tried.code == REFUSED and request.ended_s < until and self._is_open(request.ended_s):
                continue  # nothing was sent: the next address is tried at once
            if tried.served or tried.status == 401 or request.ended_s + pause > until:
                return answer
            await asyncio.sleep(pause * self._dice.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _try(
        self, method: str, path: str, body: object, headers: Mapping[str, str], limit_s: float
    ) -> tuple[Try, Answer]:
        began = self.now_s()
        index = self._gateway(began)
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._https[index].request(
                    method, path, json=body, headers=dict(headers), timeout=limit_s
                )
            document = reply.json() if reply.content else {}
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            self._avoid[index] = self.now_s() + AVOID_S
            return Try(began, self.now_s() - began, 0, type(error).__name__), Answer(0, {})
        answer = Answer(reply.status_code, document)
        return Try(began, self.now_s() - began, answer.status, answer.code), answer

    def _gateway(self, now: float) -> int:
        """The next one in turn, if there is any that did not fail just now."""
        count, first = len(self._https), next(self._turn)
        order = [(first + offset) % count for offset in range(count)]
        return next((index for index in order if self._avoid[index] <= now), order[0])

    def _is_open(self, now: float) -> bool:
        return any(until <= now for until in self._avoid)

    async def close(self) -> None:
        """Ends the connections."""
        for http in self._https:
            await http.aclose()
