"""Watches a namespace from the start to the end of a run, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from loadtests.observer.cluster import Namespace
from loadtests.observer.prometheus import Prometheus
from loadtests.observer.record import Record

EVERY_S: Final = 1.0
USE_EVERY_S: Final = 5.0


class Observer:
    """`with Observer(…) as observer:` records; `observer.finish()` adds what is known only afterwards."""

    def __init__(self, namespace: str, services: Mapping[str, object]) -> None:
        self._namespace = Namespace(namespace, services)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)
        self.record = Record(services=self._namespace.watched())
        self.began = time.time()
        self.missed = 0
        """How often the API server did not answer; the next second asks again."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def finish(self) -> Record:
        """The record with the decisions and the signals' history since the start."""
        record, now = self.record, time.time()
        record.decisions = self._namespace.decisions(self.began)
        for watched in record.services.values():
            watched.signals = [
                Prometheus(signal.server).fill(signal, self.began, now) if signal.server else signal
                for signal in watched.signals
            ]
        return record

    def _watch(self) -> None:
        use_due = 0.0
        while not self._ended.wait(EVERY_S):
            try:
                for name, replicas in self._namespace.replicas().items():
                    self.record.services[name].replicas.append(replicas)
                if time.monotonic() >= use_due:
                    use_due = time.monotonic() + USE_EVERY_S
                    for name, use in self._namespace.use().items():
                        self.record.services[name].use.append(use)
            except (ApiException, HTTPError):
                self.missed += 1
