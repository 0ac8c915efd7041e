"""A stand-in's books: a SQLite file used from one thread, so that the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Json = dict[str, Any]

MAX_PAGE = 1000

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    ref         TEXT NOT NULL,
    data        TEXT NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS entries_ref ON entries (kind, ref);
"""


class KeyConflictError(Exception):
    """The idempotency key is taken by a request with another body."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the books; `data` is what the outside sees, `ref` the other thing it belongs to."""

    seq: int
    id: str
    data: Json


@dataclass(slots=True)
class _Job:
    """What waits for the thread, and who waits for it."""

    work: Callable[[sqlite3.Connection], Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        """Hands the outcome to whoever still waits."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(self.result)
        else:
            self.done.set_exception(self.error)


class Ledger:
    """Owns one SQLite file (WAL: what was committed survives a kill) and the thread that uses it.

    What is asked for while the thread is busy is committed together: a commit, and the way to the thread and back, cost
    more than most of what is done in between.
    """

    def __init__(self, path: Path, extra_schema: str = "") -> None:
        self._path = path
        self._schema = SCHEMA + extra_schema
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._conn: sqlite3.Connection | None = None
        self._waiting: list[_Job] = []
        self._worker: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Makes the folder and the tables; raises OSError or sqlite3.Error when the place can't be used."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        """Lets what was asked for end, then closes the file."""
        if self._worker is not None:
            await self._worker
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` and commits; what it raises undoes it alone and comes out here."""
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future())
        self._waiting.append(job)
        if self._worker is None:
            self._worker = loop.create_task(self._empty())
        result: T = await job.done
        return result

    async def _empty(self) -> None:
        while self._waiting:
            jobs, self._waiting = self._waiting, []
            try:
                await self._in_thread(partial(self._transact, jobs))
            except Exception as error:  # noqa: BLE001  each of them is told
                for job in jobs:
                    job.error = job.error or error
            for job in jobs:
                job.tell()
        self._worker = None

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        conn = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=NORMAL")
        conn.executescript(self._schema)
        self._conn = conn

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _transact(self, jobs: Sequence[_Job]) -> None:
        """All in one transaction; when one fails, the others' effects stay."""
        if self._conn is None:
            raise RuntimeError("the ledger is not open")
        self._conn.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                self._attempt(job, self._conn)
            self._conn.execute("COMMIT")
        except BaseException:
            if self._conn.in_transaction:  # a full disk has ended it already
                self._conn.execute("ROLLBACK")
            raise

    @staticmethod
    def _attempt(job: _Job, conn: sqlite3.Connection) -> None:
        conn.execute("SAVEPOINT job")
        try:
            job.result = job.work(conn)
        except Exception as error:  # noqa: BLE001  whoever waits for it is told
            job.error = error
            conn.execute("ROLLBACK TO job")
        conn.execute("RELEASE job")


def fingerprint(request: Mapping[str, Any]) -> str:
    """A digest of a request that does not depend on the order of its fields."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def find(conn: sqlite3.Connection, kind: str, key: str, request: Mapping[str, Any]) -> Entry | None:
    """The entry that this key made before, or None; raises KeyConflictError when by another body."""
    row = conn.execute(
        "SELECT seq, id, data, fingerprint FROM entries WHERE kind=? AND key=?", (kind, key)
    ).fetchone()
    if row is None:
        return None
    if row[3] != fingerprint(request):
        raise KeyConflictError
    return _entry(row)


def add(
    conn: sqlite3.Connection, kind: str, key: str, request: Mapping[str, Any], data: Json, *, ref: str = ""
) -> Entry:
    """Writes an entry under its key; `data["id"]` is its id. Call `find` first, in the same transaction."""
    cursor = conn.execute(
        "INSERT INTO entries (kind, id, key, fingerprint, ref, data) VALUES (?,?,?,?,?,?)",
        (kind, data["id"], key, fingerprint(request), ref, json.dumps(data)),
    )
    return Entry(seq=cursor.lastrowid or 0, id=data["id"], data=data)


def replace(conn: sqlite3.Connection, entry_id: str, data: Json) -> None:
    """Changes what the outside sees of an entry."""
    conn.execute("UPDATE entries SET data=? WHERE id=?", (json.dumps(data), entry_id))


def get(conn: sqlite3.Connection, kind: str, entry_id: str) -> Entry | None:
    """The entry with this id, or None."""
    return _first(conn.execute("SELECT seq, id, data FROM entries WHERE kind=? AND id=?", (kind, entry_id)))


def by_key(conn: sqlite3.Connection, kind: str, key: str) -> Entry | None:
    """The entry that this idempotency key made, whatever its body was, or None."""
    return _first(conn.execute("SELECT seq, id, data FROM entries WHERE kind=? AND key=?", (kind, key)))


def page(
    conn: sqlite3.Connection, kinds: Sequence[str], after: int, limit: int
) -> tuple[dict[str, list[Json]], int | None]:
    """Up to `limit` entries after `after`, by kind and oldest first, and where the next page begins."""
    marks = ",".join("?" * len(kinds))
    rows = conn.execute(
        f"SELECT seq, kind, data FROM entries WHERE seq > ? AND kind IN ({marks}) ORDER BY seq LIMIT ?",  # noqa: S608
        (after, *kinds, limit + 1),
    ).fetchall()
    found: dict[str, list[Json]] = {kind: [] for kind in kinds}
    for _, kind, data in rows[:limit]:
        found[kind].append(json.loads(data))
    return found, rows[limit - 1][0] if len(rows) > limit else None


def newest(conn: sqlite3.Connection, kinds: Sequence[str], limit: int) -> list[tuple[str, Json]]:
    """The last `limit` entries with their kind, newest first, for the page a person looks at."""
    marks = ",".join("?" * len(kinds))
    sql = f"SELECT kind, data FROM entries WHERE kind IN ({marks}) ORDER BY seq DESC LIMIT ?"  # noqa: S608
    return [(kind, json.loads(data)) for kind, data in conn.execute(sql, (*kinds, limit))]


def timestamp(at: float | None = None) -> str:
    """RFC 3339 UTC with milliseconds, for now or for `at` (seconds since 1970)."""
    at = time.time() if at is None else at
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z"


def _first(cursor: sqlite3.Cursor) -> Entry | None:
    row = cursor.fetchone()
    return None if row is None else _entry(row)


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(seq=row[0], id=row[1], data=json.loads(row[2]))
