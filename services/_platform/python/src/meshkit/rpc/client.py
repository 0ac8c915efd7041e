"""Calls to one upstream: balanced, retried, each with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from meshkit.rpc import wiring
from meshkit.rpc.balancer import Balancer, NowhereToGo
from meshkit.rpc.dialing import Metadata
from meshkit.rpc.outgoing import Ended, OutgoingCall
from meshkit.rpc.retrying import Budget, RetryPolicy

# A call that no server has touched is sent again at once, elsewhere if possible; more often than this it is no
# chance but a server that refuses everything, which needs a rest.
_MOST_UNTOUCHED: Final = 2
_ATTEMPTS_KEY: Final = "grpc-previous-rpc-attempts"


class CallFailed(Exception):
    """A call that ended with another status than OK; `ended.sent` is about all its attempts together."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.message)
        self.ended = ended


class RpcClient:
    """The calls of one channel. `retried` is told of each attempt beyond a call's first."""

    def __init__(self, balancer: Balancer, budget: Budget | None, retried: Callable[[], None]) -> None:
        self._balancer = balancer
        self._budget = budget
        self._retried = retried

    async def stop(self, grace_s: float) -> None:
        """Lets calls under way end for `grace_s` seconds, then closes."""
        await self._balancer.stop(grace_s)

    async def unary(
        self,
        path: str,
        payload: bytes,
        metadata: Metadata,
        timeout_s: float,
        policy: RetryPolicy | None,
    ) -> tuple[bytes, Mapping[str, str]]:
        """The response and its initial metadata. Raises CallFailed."""
        loop = asyncio.get_running_loop()
        until, retries, untouched, sent = loop.time() + timeout_s, 0, 0, False
        left, pairs = timeout_s, metadata
        while True:
            call, ended = await self._begin(path, payload, pairs, left)
            if call is not None:
                response = await call.only()
                ended = call.ended
                if response is not None:
                    self._note(wiring.OK, policy)
                    return response, call.initial
            assert ended is not None
            sent = sent or ended.sent
            left = until - loop.time()
            if call is not None and not ended.sent and untouched < _MOST_UNTOUCHED and left > 0:
                untouched += 1
                continue
            self._note(ended.code, policy)
            wait_s = self._wait_s(retries + 1, ended, policy)
            if wait_s is None or wait_s >= left:
                raise CallFailed(_with_sent(ended, sent))
            await asyncio.sleep(wait_s)
            retries += 1
            self._retried()
            left = until - loop.time()
            pairs = (*metadata, (_ATTEMPTS_KEY, str(retries)))

    async def stream(self, path: str, payload: bytes, metadata: Metadata, timeout_s: float) -> OutgoingCall:
        """A call that is answered by a stream, which is not retried. Raises CallFailed when it cannot be sent."""
        call, ended = await self._begin(path, payload, metadata, timeout_s)
        if call is None:
            assert ended is not None
            raise CallFailed(ended)
        return call

    async def _begin(
        self, path: str, payload: bytes, metadata: Metadata, timeout_s: float
    ) -> tuple[OutgoingCall | None, Ended | None]:
        """A call that was sent, or why it was not."""
        connection = self._balancer.pick()
        if connection is not None:
            return connection.send(path, payload, metadata, timeout_s), None
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    chosen = await self._balancer.wait()
                    if await chosen.room():
                        return chosen.send(path, payload, metadata, until - loop.time()), None
        except TimeoutError:
            message = "deadline exceeded while waiting for a connection"
            return None, Ended(wiring.DEADLINE_EXCEEDED, message, sent=False)
        except NowhereToGo as error:
            return None, Ended(wiring.UNAVAILABLE, str(error), sent=False)

    def _wait_s(self, retry: int, ended: Ended, policy: RetryPolicy | None) -> float | None:
        if policy is None or (self._budget is not None and not self._budget.left):
            return None
        return policy.wait_s(retry, ended)

    def _note(self, code: int, policy: RetryPolicy | None) -> None:
        if self._budget is not None:
            self._budget.note(code, policy)


def _with_sent(ended: Ended, sent: bool) -> Ended:
    if ended.sent == sent:
        return ended
    return Ended(ended.code, ended.message, ended.trailers, sent=sent, begun=ended.begun)
