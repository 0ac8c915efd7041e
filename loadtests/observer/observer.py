"""Watches a shop from the start to the end of a run, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from loadtests.observer.record import Record

EVERY_S: Final = 1.0


class NotSeenError(Exception):
    """Something of the run could not be read afterwards; a sentence that says what, and what to do."""


class Source(Protocol):
    """A shop that can be looked at."""

    def begin(self) -> Record:
        """Every service, with its bounds and triggers. Raises when the shop can't be looked at."""

    def look(self, record: Record) -> bool:
        """Adds what can be seen now; False when the shop did not answer."""

    def end(self, record: Record, began: float) -> None:
        """Adds what is only known afterwards, about the time since `began` (seconds since 1970).

        NotSeenError when that can't be had; what was seen before stays in the record.
        """


class Observer:
    """`with Observer(…) as observer:` records; `observer.finish()` adds what is known only afterwards.

    It looks every `every_s` seconds; `show` gets the record after each look.
    """

    def __init__(
        self, source: Source, show: Callable[[Record], None] = lambda _: None, every_s: float = EVERY_S
    ) -> None:
        self._source = source
        self._show = show
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)
        self.began = time.time()
        self.record = source.begin()
        self.missed = 0
        """How often the shop did not answer; the next second asks again."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def finish(self) -> Record:
        """The whole record; NotSeenError when its end can't be had, `record` has the rest."""
        self._source.end(self.record, self.began)
        return self.record

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            self.missed += not self._source.look(self.record)
            self._show(self.record)
