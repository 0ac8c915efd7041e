"""The command line behind `./banyan`: each verb is a file of `local/verbs` and is loaded only when it is called."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

import typer
from typer.exceptions import TyperException

from local.errors import LocalError, from_os_error
from local.topology import unknown_name
from local.view.console import complain

INTERRUPTED: Final = 130
VERBS = {
    "up": "local.verbs.up",
    "down": "local.verbs.down",
    "status": "local.verbs.status",
    "start": "local.verbs.control",
    "stop": "local.verbs.control",
    "restart": "local.verbs.control",
    "scale": "local.verbs.control",
    "logs": "local.verbs.logs",
    "dsn": "local.verbs.dsn",
    "seed": "local.verbs.seed",
    "doctor": "local.verbs.doctor",
    "gen": "local.verbs.gen",
    "test": "local.verbs.test",
    "bench": "local.verbs.bench",
    "events": "local.verbs.events",
    "orders": "local.verbs.orders",
    "audit": "local.verbs.audit",
    "chaos": "local.verbs.chaos",
    "images": "local.verbs.images",
    "secrets": "local.verbs.secrets",
    "charts": "local.verbs.charts",
    "load": "local.verbs.load",
    "calibrate": "local.verbs.calibrate",
    "simulate": "local.verbs.simulate",
}
"""Verb → the module whose `register(app)` adds it."""


def build_app(words: Sequence[str]) -> typer.Typer:
    """The application with the verb that `words` begin with, or with all of them when help is wanted."""
    app = typer.Typer(
        name="banyan",
        help="Runs the whole mesh on this machine: stores, stand-ins and services.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_nothing)
    wanted = {VERBS[words[0]]} if words and words[0] in VERBS else dict.fromkeys(VERBS.values())
    for module in wanted:
        importlib.import_module(module).register(app)
    return app


def _nothing() -> None:
    """Makes typer keep the verb's name even when only one is loaded."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code. Whatever a person can mend is one line on standard error."""
    arguments = list(sys.argv[1:] if words is None else words)
    try:
        if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
            raise unknown_name("verb", arguments[0], VERBS)
        result = build_app(arguments)(arguments, prog_name="banyan", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except LocalError as error:
        complain(str(error))
        return error.code
    except TyperException as error:
        complain(f"{error.format_message().rstrip('.')}: see ./banyan {' '.join(arguments[:1])} --help")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # whoever read us has gone: nothing may be flushed at exit
        return 0
    except OSError as error:
        complain(str(from_os_error(error)))
        return 1


def run_as_process() -> int:
    """`main` for a process of its own: SIGTERM ends a command as Ctrl-C does, clean-up included, with exit code 143.

    Only the first one counts, so that nothing cuts the clean-up short but SIGKILL (or Ctrl-C).
    """
    told: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        if told:
            return
        told.append(number)
        # What SIGINT does now: asyncio has it cancel the main task. A shell's background job was told to ignore it.
        interrupt = signal.getsignal(signal.SIGINT)
        (interrupt if callable(interrupt) else signal.default_int_handler)(signal.SIGINT, frame)

    signal.signal(signal.SIGTERM, end)
    code = main()
    return 128 + signal.SIGTERM if told and code == INTERRUPTED else code


if __name__ == "__main__":
    sys.exit(run_as_process())
