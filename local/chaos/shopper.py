"""`python -m local.chaos.shopper`: the steady load as a process of its own, so that it can run inside a cluster.

Reads one JSON line from standard input (`gateways`, `staff`, `rate`, `reads`, `seed`), says `ready` when the shop is
prepared and the load has begun, goes on until standard input ends, and then writes one JSON line with all that it saw.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from local.chaos.client import BROWSING, Client
from local.chaos.load import Load
from local.chaos.records import Records, Request
from local.errors import LocalError

LAST_ANSWERS_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to do: orders begun each second, and reads beside the visitors' own, of `paths` in turn.

    Staff reads, who may see everything; `{product}` in a path is one of the products on sale.
    """

    gateways: Sequence[str]
    staff: tuple[str, str]
    rate: float
    reads: float = 0.0
    paths: Sequence[str] = ("/v1/products/{product}",)
    seed: int = 1


async def shop(task: Task, ended: asyncio.Event) -> Records:
    """Loads the shop until `ended`; LocalError when it can't be begun."""
    records = Records()
    client = Client(task.gateways, records, random.Random(task.seed))  # noqa: S311 - behaviour, no secret
    load = Load(client, records, task.rate, task.seed)
    try:
        await load.prepare(task.staff)
        records.requests.clear()
        client.restart_clock()
        load.start()
        _say("ready")
        await _read_on(load, task, ended)
        await load.stop(LAST_ANSWERS_S)
    finally:
        await client.close()
    return records


async def _read_on(load: Load, task: Task, ended: asyncio.Event) -> None:
    """At a steady rate, whatever becomes of the earlier reads."""
    if task.reads <= 0:
        await ended.wait()
        return
    places = itertools.cycle(itertools.product(load.products, task.paths))
    async with asyncio.TaskGroup() as group:
        while not ended.is_set():
            product, path = next(places)
            where = path.replace("{product}", product)
            group.create_task(load.staff.send("browse", "GET", where, patience=BROWSING))
            await asyncio.sleep(1 / task.reads)


def seen(records: Records) -> dict[str, Any]:
    """Every request with its tries, every order, as plain data."""
    return {
        "requests": [_request(each) for each in records.requests],
        "orders": [asdict(each) for each in records.orders],
        "odd": records.odd,
    }


def _request(request: Request) -> dict[str, Any]:
    return {
        "what": request.what,
        "served": request.served,
        "began_s": round(request.began_s, 4),
        "ended_s": round(request.ended_s, 4),
        "tries": [[round(t.at_s, 4), round(t.took_s, 4), t.status, t.code] for t in request.tries],
    }


def _say(text: str) -> None:
    print(text, flush=True)


async def main() -> int:
    """Exit code 1 and a sentence on standard error when the load can't be begun."""
    document = json.loads(sys.stdin.readline())
    task = Task(**document | {"staff": tuple(document["staff"])})
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    # A daemon: a load that can't be begun ends at once, though standard input is still open.
    threading.Thread(target=wait_for_end, daemon=True).start()
    try:
        records = await shop(task, ended)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _say(json.dumps(seen(records)))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
