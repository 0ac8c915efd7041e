"""The supervisor's side of the control socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from local.control import short_path
from local.errors import LocalError, from_os_error

Command = Callable[[Mapping[str, Any]], Awaitable[Any]]
READ_DEADLINE_S = 5.0


class ControlServer:
    """Answers `{"do": NAME, …}` with `{"ok": true, "result": …}` or `{"ok": false, "error": sentence}`."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens; only the owner of the home may connect."""
        self._path.unlink(missing_ok=True)
        with short_path(self._path) as name:
            self._server = await asyncio.start_unix_server(self._answer, name)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Takes no further requests."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_DEADLINE_S):
                line = await reader.readline()
            writer.write(json.dumps(await self._run(line)).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, TimeoutError):
            return  # the asker has gone
        finally:
            writer.close()

    async def _run(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            command = self._commands[request["do"]]
        except (ValueError, KeyError, TypeError):
            return {
                "ok": False,
                "error": "the supervisor does not know this request: is it of another version?",
            }
        try:
            return {"ok": True, "result": await command(request)}
        except LocalError as error:
            return {"ok": False, "error": str(error)}
        except OSError as error:
            return {"ok": False, "error": str(from_os_error(error))}
