"""Delivers a consumer's events again: the broker moves it back, and its service goes on pulling as if nothing had been.

The consumer is reset in one step and keeps its name and configuration. Deleting and making it again would not do: with
another start it would have another delivery policy, which the services' own configuration may not update.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.errors import APIError, ServiceUnavailableError

from local.errors import LocalError
from local.events.plan import Plan, unacknowledged

_POLL_S: Final = 0.25


async def deliver_again(broker: JetStreamContext, plan: Plan) -> None:
    """Moves the consumer back to the plan's start. What it has in hand is delivered again too, late answers are ignored."""
    try:
        await broker.reset_consumer(plan.consumer.stream, plan.consumer.name, seq=plan.start)
    except (NoRespondersError, ServiceUnavailableError) as error:
        raise LocalError("the broker can't reset a consumer: it must be NATS 2.14 or newer") from error
    except APIError as error:
        raise LocalError(
            f"the broker refuses to reset {plan.consumer.name}: {error.description or error}"
        ) from error


async def caught_up(broker: JetStreamContext, plan: Plan, wait_s: float, tell: Callable[[int], None]) -> int:
    """Waits until the consumer has answered for the plan's last event, for at most `wait_s` seconds.

    Returns how many events are left, 0 when it has caught up; `tell` hears that number now and then.
    """
    end = time.monotonic() + wait_s
    while True:
        info = await broker.consumer_info(plan.consumer.stream, plan.consumer.name)
        left = unacknowledged(info)
        passed = info.ack_floor.stream_seq if info.ack_floor else 0
        if not left or passed >= plan.last_sequence:
            return 0
        tell(left)
        if time.monotonic() + _POLL_S > end:
            return left
        await asyncio.sleep(_POLL_S)
