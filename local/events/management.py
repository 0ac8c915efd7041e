"""JetStream's own management interface, whole documents in and out, so that no field is lost on the way."""

from __future__ import annotations

import json
from typing import Any, Final

import nats
from nats.errors import Error

from local.errors import LocalError

TIMEOUT_S: Final = 5.0
Json = dict[str, Any]


async def manage(url: str, what: str, body: Json | None = None) -> Json:
    """Asks `$JS.API.<what>`, such as `STREAM.INFO.ORDER`; LocalError when the broker does not answer or refuses."""
    try:
        client = await nats.connect(url, connect_timeout=2, max_reconnect_attempts=1, error_cb=_raised_anyway)
        try:
            answer = await client.request(
                f"$JS.API.{what}", json.dumps(body or {}).encode(), timeout=TIMEOUT_S
            )
        finally:
            await client.close()
    except (Error, OSError) as error:
        raise LocalError(f"NATS does not answer {what}: {error!r}") from error
    reply: Json = json.loads(answer.data)
    if "error" in reply:
        raise LocalError(f"NATS refuses {what}: {reply['error']['description']}")
    return reply


async def _raised_anyway(_: Exception) -> None:
    """Keeps the library from logging a traceback beside the error that the caller gets."""
