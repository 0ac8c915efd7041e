"""`up`: starts the mesh, in the foreground or detached."""

from __future__ import annotations

import asyncio
import subprocess
import time
from dataclasses import replace
from typing import Annotated, Any

import typer

from local import daemon, topology
from local.builds import all as builds
from local.control.client import NotRunningError, ask
from local.errors import LocalError
from local.home import Home, already_running
from local.options import Options, make
from local.runtime import Runtime, supervise
from local.view.console import complain, err, out
from local.view.progress import progress_view
from local.view.welcome import welcome

REFRESH_S = 0.1


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(up)


def up(
    services: Annotated[
        list[str] | None, typer.Argument(metavar="[SERVICE]...", help="Only these and all they call.")
    ] = None,
    replicas: Annotated[
        list[str] | None, typer.Option(metavar="SERVICE=N", help="Several processes of a service; `all=2`.")
    ] = None,
    faulty_links: Annotated[
        bool, typer.Option("--faulty-links", help="A proxy between every two, to cut and slow links.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once everything is ready.")] = False,
    port_base: Annotated[
        int | None, typer.Option(help="The gateway listens on this plus 80. Default 8000.")
    ] = None,
) -> int:
    """Start the mesh: builds, migrates, seeds and starts whatever needs it. Ctrl-C stops all of it."""
    options = available(
        make(services or [], replicas or [], port_base, faulty_links=faulty_links), asked=bool(services)
    )
    home = Home.from_environment()
    home.create()
    if home.supervisor_pid() is not None:
        raise already_running(home)
    if detach:
        return follow(home, daemon.launch(home, options))
    return asyncio.run(supervise(home, options, in_foreground))


def available(options: Options, *, asked: bool) -> Options:
    """The same without services that this tree has no source of."""
    missing = [name for name in options.services if not builds.exists(topology.service(name))]
    if missing and asked:
        raise LocalError(f"this tree has no source of {', '.join(missing)} (services/{missing[0]})")
    if missing:
        err.print(f"not in this tree, left out: {', '.join(missing)}", style="yellow")
    present = tuple(name for name in options.services if name not in missing)
    return replace(options, services=present)


async def in_foreground(runtime: Runtime) -> None:
    """Shows the start, then each death and return, then the end."""
    progress = runtime.progress
    with progress_view() as view:
        while not progress.outcome:
            view.show(progress.snapshot())
            await asyncio.sleep(REFRESH_S)
        view.show(progress.snapshot())
    if progress.outcome == "failed":
        complain(progress.error)
    else:
        welcome(await runtime.mesh.status(), progress.snapshot())
        out.print("Ctrl-C stops everything.", style="dim")
        await _tell_deaths(runtime)
    out.print("stopping ...", style="dim")
    await runtime.stopped.wait()
    out.print("stopped", style="dim")


async def _tell_deaths(runtime: Runtime) -> None:
    told: dict[str, int] = {}
    while not runtime.ending.is_set():
        for process in runtime.mesh.supervisor.processes:
            if process.restarts > told.get(process.spec.name, 0):
                told[process.spec.name] = process.restarts
                out.print(
                    f"{process.spec.name} {process.reason or 'died'}, starting it again", style="yellow"
                )
        await _wait(runtime.ending, 0.5)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def follow(home: Home, supervisor: subprocess.Popen[bytes]) -> int:
    """Shows the progress of a detached supervisor until it is up, or says why it will not be."""
    snapshot: dict[str, Any] = {"outcome": ""}
    try:
        with progress_view() as view:
            while not snapshot["outcome"]:
                snapshot = _snapshot(home, supervisor) or snapshot
                if "steps" in snapshot:
                    view.show(snapshot)
                time.sleep(0 if snapshot["outcome"] else REFRESH_S)
    except KeyboardInterrupt:
        complain("interrupted, stopping everything")
        supervisor.terminate()
        supervisor.wait()
        return 130
    if snapshot["outcome"] == "failed":
        supervisor.wait()
        raise LocalError(snapshot["error"])
    welcome(ask(home, "status"), snapshot)
    out.print("It runs in the background: ./banyan status, ./banyan logs -f, ./banyan down.", style="dim")
    return 0


def _snapshot(home: Home, supervisor: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    try:
        snapshot: dict[str, Any] = ask(home, "progress")
        return snapshot
    except NotRunningError:
        if supervisor.poll() is not None:
            raise LocalError(crash_report(home)) from None
        return None


def crash_report(home: Home) -> str:
    """What a supervisor that died left behind."""
    log = home.logs / "supervisor.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"the supervisor ended before it was up: {lines[-1] if lines else 'no message'} (see {log})"
