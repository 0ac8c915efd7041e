"""Goods and accounts are there before the first person comes, in each process that has people."""

from __future__ import annotations

import random
import sys
from typing import Any

from locust import events
from locust.runners import MasterRunner, WorkerRunner

from loadtests.support.catalogue import CATALOGUE, SetUpError

CUSTOMERS = 4


def install() -> None:
    """Prepares at the start of each run; a run that can't begin ends with exit code 2."""
    events.test_start.add_listener(_prepare)


def _prepare(environment: Any, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        return
    process = runner.worker_index if isinstance(runner, WorkerRunner) else 0
    seed = environment.parsed_options.seed
    random.seed(f"{seed} {process}")
    try:
        CATALOGUE.prepare(environment.host or "", seed, process, CUSTOMERS)
    except SetUpError as error:
        print(f"The load can't begin: {error}", file=sys.stderr)
        environment.process_exit_code = 2
        runner.quit()
