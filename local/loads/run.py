"""One run of a shape: locust goes, the observer watches, both are told; then the verdicts."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from loadtests.observer.observer import NotSeenError, Observer
from loadtests.observer.record import Record
from loadtests.observer.verdict import judge
from local.errors import LocalError
from local.loads.locust import Run
from local.loads.places import Place
from local.loads.told import Told
from local.loads.watch import View
from local.view.console import err, out
from local.view.tables import show_table

STOPPED: Final = 130


def go(place: Place, run: Run, *, after_s: float, report: Path | None, earlier: Record | None) -> int:
    """Runs it to its end and `after_s` seconds on. Returns locust's exit code, 130 when it was interrupted."""
    assert run.shape is not None
    if place.source is None and (report or earlier):
        raise LocalError("of a --url nothing is seen but its answers: there is nothing to report")
    title = run.shape.name
    code = STOPPED
    told = Told()
    with ExitStack() as stack:
        view = stack.enter_context(View(title))
        observer = stack.enter_context(Observer(place.source(), view.show)) if place.source else None
        try:
            with place.running(run) as told:
                view.told = told
            code = told.code or 0
            if observer and told.seconds:
                time.sleep(after_s)
        except KeyboardInterrupt:
            err.print("load: stopped before its end", style="yellow")
    out.print("\n".join(told.talk), markup=False, highlight=False)
    if observer and told.seconds:
        record = finished(observer)
        record.seconds, record.entries, record.failures = told.seconds, told.entries, told.failures
        _tell(record)
        if report:
            _write(record, earlier, title, report)
    return code


def finished(observer: Observer) -> Record:
    """The record, also when its end could not be had: replicas and locust's own figures are worth keeping."""
    try:
        return observer.finish()
    except NotSeenError as error:
        err.print(f"load: {error}", style="yellow", markup=False)
        return observer.record


def _tell(record: Record) -> None:
    moved = [each for each in judge(record) if each.peak > record.services[each.service].least]
    if moved:
        # Not at the top: it draws, and only who has something to tell needs that.
        from loadtests.observer.report import COLUMNS, table  # noqa: PLC0415

        out.print()
        show_table([(title, "") for title in COLUMNS], table(moved))


def _write(record: Record, earlier: Record | None, title: str, path: Path) -> None:
    from loadtests.observer.report import write  # noqa: PLC0415 - it draws

    err.print("load: drawing the report", style="dim")
    write(record, title, path, earlier)
    out.print(f"report: {path}", markup=False)


def read_record(path: Path) -> Record:
    """The figures beside an earlier report; LocalError that says what is wrong with the file."""
    try:
        return Record.from_json(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LocalError(
            f"{path} holds no figures of a run ({error}): name the .json beside a report"
        ) from None
