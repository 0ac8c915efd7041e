"""One run: load, faults, quiet, and what is left of the promises."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from local.bench.run import machine
from local.chaos import books, recovery
from local.chaos.client import Client
from local.chaos.figures import Outcome
from local.chaos.kinds import Kind, Strike, without_targets
from local.chaos.load import Load
from local.chaos.mesh import Mesh
from local.chaos.plan import plan
from local.chaos.records import Records
from local.chaos.settling import ask_again, settle
from local.chaos.striking import Striker
from local.chaos.verdict import judge
from local.errors import LocalError

AFTER_LAST_S: Final = 12.0
"""Load goes on so long after the last fault, to see it recover."""
LAST_ANSWERS_S: Final = 35.0
READY_AGAIN_S: Final = 60.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is run: faults for so many seconds, so many orders begun each second."""

    seconds: float
    seed: int
    kinds: Sequence[Kind]
    rate: float
    staff: tuple[str, str]


async def run(mesh: Mesh, settings: Settings, tell: Tell) -> Outcome:
    """Runs against a mesh that is up; LocalError when it can't be begun."""
    records = Records()
    client = Client(mesh.gateways(), records, random.Random(settings.seed))  # noqa: S311 - no secret
    try:
        return await _Run(mesh, client, records, settings, tell).carry_out()
    finally:
        await client.close()


class _Run:
    def __init__(self, mesh: Mesh, client: Client, records: Records, settings: Settings, tell: Tell) -> None:
        self._mesh = mesh
        self._client = client
        self._records = records
        self._settings = settings
        self._tell = tell
        self._load = Load(client, records, settings.rate, settings.seed)

    async def carry_out(self) -> Outcome:
        settings, began = self._settings, datetime.now(UTC)
        field = await self._mesh.field()
        for kind in without_targets(settings.kinds, field):
            self._tell(f"{kind.name}: left out, there is nothing here it could strike")
        strikes = plan(settings.seed, settings.seconds, settings.kinds, field)
        self._tell("customers register, goods are put on sale")
        await self._load.prepare(settings.staff)
        self._records.requests.clear()
        self._client.restart_clock()
        self._tell(f"{len(strikes)} faults in {settings.seconds / 60:g} minutes")
        end_s = await self._break(strikes)
        unready = await self._mesh.unready(READY_AGAIN_S)
        last_s = max((each.ended_s for each in self._records.struck), default=0.0)
        await ask_again(self._records, self._load.ordering)
        self._tell("quiet: orders come to their end")
        settled = await settle(self._client, self._load.customers, last_s)
        found = await self._audit()
        recovery.measure(self._records.struck, self._records.tries("order"), end_s)
        return Outcome(
            seed=settings.seed,
            seconds=settings.seconds,
            rate=settings.rate,
            machine=machine(),
            began=began.isoformat(timespec="seconds"),
            kinds=[kind.name for kind in settings.kinds],
            planned=len(strikes),
            records=self._records,
            settled=settled,
            books=found,
            promises=judge(self._records, settled, found, unready),
        )

    async def _break(self, strikes: Sequence[Strike]) -> float:
        """Load and faults together; when the load ended."""
        self._load.start()
        striker = Striker(self._mesh.fault, self._records, self._client.now_s, self._tell)
        try:
            await striker.carry_out(strikes, self._settings.seconds)
            last_s = max((each.ended_s for each in self._records.struck), default=0.0)
            await asyncio.sleep(max(last_s + AFTER_LAST_S - self._client.now_s(), 0))
        finally:
            end_s = self._client.now_s()
            await self._load.stop(LAST_ANSWERS_S)
        return end_s

    async def _audit(self) -> books.Books | None:
        self._tell("the books are compared")
        try:
            return await asyncio.to_thread(self._mesh.audit)
        except LocalError as error:
            self._tell(str(error))
            return None
