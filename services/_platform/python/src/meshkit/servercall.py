"""One call being answered: bytes in, bytes out; what the chain works on, and the servicer's context."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from google.protobuf.message import Message

from meshkit.context import ANONYMOUS, Identity
from meshkit.methods import Method
from meshkit.status import Failure


class ServerCall:
    """A call as the interceptors and the servicer see it; implements `meshkit.context.CallContext`.

    `send` writes one message of a server stream. When the chain ends with `failure` set, the runtime answers
    with that status instead of a response.
    """

    __slots__ = (
        "deadline",
        "failure",
        "identity",
        "initial_metadata",
        "metadata",
        "payload",
        "request",
        "rpc",
        "send",
        "started",
    )

    def __init__(
        self,
        rpc: Method,
        payload: bytes,
        metadata: Mapping[str, str],
        remaining_s: float | None,
        send: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        self.rpc = rpc
        self.payload = payload
        self.metadata = metadata
        self.started = time.monotonic()
        self.deadline = None if remaining_s is None else self.started + remaining_s
        self.send = send
        self.identity: Identity = ANONYMOUS
        self.request: Message | None = None
        self.initial_metadata: list[tuple[str, str]] = []
        self.failure: Failure | None = None

    @property
    def method(self) -> str:
        """The full method, e.g. `/pkg.v1.Service/Rpc`."""
        return self.rpc.path

    def remaining_s(self) -> float | None:
        """Seconds until the caller gives up, never below 0; None without a deadline."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def set_initial_metadata(self, key: str, value: str) -> None:
        """Adds a pair to the response's initial metadata; only before the first response message."""
        self.initial_metadata.append((key, value))
