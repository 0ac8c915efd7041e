"""One supervised process: started, watched until ready, restarted with backoff when it dies, stopped in bounded time."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.supervision.log_file import LogFile
from local.supervision.parent_death import die_with_parent
from local.supervision.spec import ProcessSpec

POLL_S = 0.25
CANCEL_AGAIN_S = 0.5
SHORTEST_POLL_S = 0.02
"""Output of the process (its ready line, most likely) brings the next probe forward to this."""
FIRST_BACKOFF_S = 0.2
MAX_BACKOFF_S = 10.0
HEALTHY_AFTER_S = 20.0
"""A process that lived this long starts again with the first backoff."""
REAP_S = 5.0
LAST_OUTPUT_S = 0.5
"""How long the last output of an ended process is waited for."""


class _Pipes(asyncio.SubprocessProtocol):
    """Feeds the child's output to its log, and tells when it has exited."""

    def __init__(self, log: LogFile) -> None:
        self._log = log
        self.spoke = asyncio.Event()
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._log.feed(fd, data)
        self.spoke.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._log.flush(fd)

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class ManagedProcess:
    """States: stopped → starting → ready, backing-off after a death, stopping → stopped."""

    def __init__(self, spec: ProcessSpec, logs: Path) -> None:
        self.spec = spec
        self.state = "stopped"
        self.reason = ""
        """Why it is not ready, or how it last ended."""
        self.restarts = 0
        self.deaths_in_a_row = 0
        """Deaths since it was last ready."""
        self.ready = asyncio.Event()
        self.died = asyncio.Event()
        self.pid: int | None = None
        self.started_at = 0.0
        self._log = LogFile(logs / f"{spec.name}.jsonl", spec.group or spec.name)
        self._wanted = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._in_child = die_with_parent()

    @property
    def last_lines(self) -> list[str]:
        """The newest lines of its output."""
        return list(self._log.tail)

    def start(self) -> None:
        """Begins to keep it running; returns at once."""
        if self._task is None or self._task.done():
            self._wanted = True
            self.deaths_in_a_row = 0
            self._wake.clear()
            self.died.clear()
            self.state = "starting"
            self._task = asyncio.create_task(self._keep_running(), name=f"keep {self.spec.name}")

    async def stop(self) -> None:
        """Signals it, waits for its grace, then kills its whole group; returns when nothing of it is left."""
        self._wanted = False
        self._wake.set()
        if self._task is not None:
            await self._task
        self.state = "stopped"

    def kill_now(self) -> None:
        """Kills its group without grace; `stop` then returns soon."""
        self._wanted = False
        self._wake.set()
        self._signal_group(signal.SIGKILL)

    def close(self) -> None:
        """Closes the log file; the process must be stopped."""
        self._log.close()

    async def _keep_running(self) -> None:
        delay = FIRST_BACKOFF_S
        while self._wanted:
            began = time.monotonic()
            try:
                ending = await self._run_once()
            except Exception as error:  # noqa: BLE001  whatever it is, it is told, and tried again later
                ending = f"can't be started: {error}"
            self.pid = None
            self.ready.clear()
            self._log.note(ending)
            if not self._wanted:
                return
            self.reason = ending
            self.restarts += 1
            self.deaths_in_a_row += 1
            self.died.set()
            if time.monotonic() - began > HEALTHY_AFTER_S:
                delay = FIRST_BACKOFF_S
            self.state = "backing-off"
            await _within(self._wake, delay)
            delay = min(delay * 2, MAX_BACKOFF_S)

    async def _run_once(self) -> str:
        """One life of the process; returns how it ended."""
        self.state = "starting"
        transport, pipes = await self._spawn()
        watcher = asyncio.create_task(self._watch_readiness(pipes), name=f"probe {self.spec.name}")
        ends = [asyncio.create_task(event.wait()) for event in (pipes.exited, self._wake)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not pipes.exited.is_set():
                await self._terminate(pipes)
        finally:
            await _cancel(watcher, *ends)
            self._signal_group(signal.SIGKILL)  # what it may have started itself
            await _within(pipes.closed, LAST_OUTPUT_S)
            transport.close()
        code = transport.get_returncode()
        return (
            f"was ended by {signal.Signals(-code).name}" if code and code < 0 else f"exited with code {code}"
        )

    async def _spawn(self) -> tuple[asyncio.SubprocessTransport, _Pipes]:
        spec = self.spec
        account: dict[str, Any] = {}
        if spec.user:
            account = {"user": spec.user, "group": _group_of(spec.user), "extra_groups": []}
        transport, pipes = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Pipes(self._log),
            *spec.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(spec.environment),
            cwd=spec.directory,
            process_group=0,
            preexec_fn=self._prepare,
            **account,
        )
        self.pid = transport.get_pid()
        self.started_at = time.time()
        return transport, pipes

    def _prepare(self) -> None:
        """In the child, before its program begins: niceness is a thread's, and passed on to those it starts."""
        self._in_child()
        os.nice(self.spec.niceness)

    async def _watch_readiness(self, pipes: _Pipes) -> None:
        while True:
            pipes.spoke.clear()
            try:
                await self.spec.probe()
            except Exception as error:  # noqa: BLE001  whatever a probe raises means: not ready, and why
                self.reason = str(error) or type(error).__name__
            else:
                self.state, self.reason, self.deaths_in_a_row = "ready", "", 0
                self.died.clear()
                self.ready.set()
                return
            await asyncio.sleep(SHORTEST_POLL_S)
            await _within(pipes.spoke, POLL_S)

    async def _terminate(self, pipes: _Pipes) -> None:
        self.state = "stopping"
        self.ready.clear()
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, self.spec.stop_signal)
        if not await _within(pipes.exited, self.spec.stop_grace_s):
            self._log.note(f"did not stop within {self.spec.stop_grace_s:g} s, killing it")
            self._signal_group(signal.SIGKILL)
            await _within(pipes.exited, REAP_S)

    def _signal_group(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event comes in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    """Cancels until they have ended: a library's `wait_for` may swallow one cancellation (before Python 3.12)."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415  not there on every system, and only needed as root

    return pwd.getpwnam(user).pw_gid
