"""One process's output as a JSON-lines file: JSON lines pass through, any other line is wrapped, the file is rotated."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

MAX_BYTES = 20 * 1024 * 1024
"""Above it the file becomes `<name>.jsonl.1`, which replaces the former one: at most twice this for each process."""
MAX_LINE = 64 * 1024
TAIL_LINES = 30

_LEVEL = re.compile(r"\b(FATAL|PANIC|ERROR|WARNING|WARN|\[ERR\]|\[WRN\]|\[FTL\])", re.IGNORECASE)
_LEVELS = {"warning": "warning", "warn": "warning", "[wrn]": "warning"}


def timestamp() -> str:
    """Now, RFC 3339 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wrap(service: str, text: str, **fields: object) -> bytes:
    """A plain line as a JSON log line; its level is read from the text."""
    found = _LEVEL.search(text)
    level = _LEVELS.get(found.group().lower(), "error") if found else "info"
    line = {"time": timestamp(), "level": level, "service": service, "event": text} | fields
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


class LogFile:
    """Takes raw chunks of output, writes whole lines. `tail` keeps the last lines for error messages."""

    def __init__(self, path: Path, service: str, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._service = service
        self._max_bytes = max_bytes
        self._file = path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._partial: dict[int, bytes] = {}
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def feed(self, stream: int, chunk: bytes) -> None:
        """Takes what came on one stream (its file descriptor); an unfinished line waits for its rest."""
        data = self._partial.pop(stream, b"") + chunk
        whole, newline, rest = data.rpartition(b"\n")
        if len(rest) > MAX_LINE:
            whole, newline, rest = data, b"\n", b""
        if rest:
            self._partial[stream] = rest
        if newline:
            self._write_lines(whole.split(b"\n"))

    def flush(self, stream: int) -> None:
        """The stream has ended: an unfinished line is the last one."""
        rest = self._partial.pop(stream, b"")
        if rest:
            self._write_lines([rest])

    def note(self, event: str, **fields: object) -> None:
        """The supervisor's own remark, such as an exit code, in the process's file."""
        self._append(wrap(self._service, event, source="supervisor", **fields))

    def _write_lines(self, lines: list[bytes]) -> None:
        out = bytearray()
        for line in lines:
            stripped = line.strip()
            if not stripped:
                continue
            if stripped[:1] == b"{" and stripped[-1:] == b"}":
                out += stripped + b"\n"
            else:
                out += wrap(self._service, stripped.decode("utf-8", "replace"))
            self.tail.append(stripped[:2000].decode("utf-8", "replace"))
        if out:
            self._append(bytes(out))

    def _append(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._max_bytes:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab", buffering=0)
            self._size = 0
        try:
            self._file.write(data)
        except OSError:  # a full disk must not stop the mesh; the lines are lost, the tail keeps the newest
            return
        self._size += len(data)

    def close(self) -> None:
        """Writes what is unfinished and closes the file."""
        for stream in list(self._partial):
            self.flush(stream)
        self._file.close()
