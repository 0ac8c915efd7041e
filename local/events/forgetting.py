"""Makes a consumer forget that it has applied certain events, so that they have their effect once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nats.js import JetStreamContext

from local.events.plan import Plan
from local.events.reading import event_ids

if TYPE_CHECKING:
    from local.stores.service_database import Connection

_FORGET: Final = """
    WITH gone AS (DELETE FROM inbox WHERE consumer = $1 AND event_id = ANY($2::uuid[]) RETURNING 1)
    SELECT count(*) FROM gone
"""


async def forget(broker: JetStreamContext, database: Connection, plan: Plan) -> int:
    """Deletes the inbox rows of the plan's forgettable events; returns how many there were.

    It must come before the delivery: what is delivered while its row is there is a duplicate. Raises LocalError when the
    consumer has nothing that may be forgotten.
    """
    consumer, gone = plan.consumer, 0
    async for ids in event_ids(broker, consumer.stream, consumer.forgettable, plan.start):
        gone += await database.fetchval(_FORGET, consumer.name, ids)
    return gone
