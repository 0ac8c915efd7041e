"""Structured logs: one JSON object a line on stderr, with the ids of the trace it belongs to."""

from __future__ import annotations

import logging as stdlib
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import orjson
import structlog

from meshkit.redaction import redact
from meshkit.tracecontext import current_trace


class _State:
    """Process-wide: what is asked for on every call, and must cost nothing then."""

    debugging = True
    level = ""


_LEVELS = {"debug": stdlib.DEBUG, "info": stdlib.INFO, "warning": stdlib.WARNING, "error": stdlib.ERROR}
# Fields that hold what an exception said.
_WORDS_OF_OTHERS = frozenset({"exception", "error", "detail", "reason", "reasons"})


class _Renderer:
    """The last processor: fixed fields first, then the caller's own."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __call__(self, _logger: Any, level: str, fields: MutableMapping[str, Any]) -> str:
        line: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": "error" if level in ("exception", "critical") else level,
            "service": self.service,
            "event": fields.pop("event", ""),
        }
        trace = current_trace()
        if trace is not None:
            line["trace_id"], line["span_id"] = trace.trace_id, trace.span_id
        for name in _WORDS_OF_OTHERS & fields.keys():
            fields[name] = redact(str(fields[name]))
        line.update(fields)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _StdlibHandler(stdlib.Handler):
    """Brings what libraries log into the same stream and form."""

    def __init__(self, renderer: _Renderer, stream: TextIO) -> None:
        super().__init__()
        self._renderer, self._stream = renderer, stream

    def emit(self, record: stdlib.LogRecord) -> None:
        """Writes one record; an error while doing so goes to the standard library's last resort."""
        try:
            fields: dict[str, Any] = {"event": redact(record.getMessage()), "logger": record.name}
            if record.exc_info and record.exc_info[0] is not None:
                fields["exception"] = stdlib.Formatter().formatException(record.exc_info)
            self._stream.write(self._renderer(None, record.levelname.lower(), fields) + "\n")
            self._stream.flush()
        except Exception:  # noqa: BLE001 - logging must not take the process down
            self.handleError(record)


def configure(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Sets up logging for the process: `level` is debug, info, warning or error."""
    output, renderer, number = stream or sys.stderr, _Renderer(service), _LEVELS[level]
    _State.debugging = number <= stdlib.DEBUG
    structlog.configure(
        processors=[structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    _State.level = level
    root = stdlib.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _StdlibHandler)]:
        root.removeHandler(handler)
    root.addHandler(_StdlibHandler(renderer, output))
    root.setLevel(max(number, stdlib.INFO))


def set_level(level: str) -> None:
    """Changes the level of a process whose logging was configured; nothing happens when it is that already."""
    if level == _State.level:
        return
    _State.level, number = level, _LEVELS[level]
    _State.debugging = number <= stdlib.DEBUG
    structlog.configure(
        **{**structlog.get_config(), "wrapper_class": structlog.make_filtering_bound_logger(number)}
    )
    stdlib.getLogger().setLevel(max(number, stdlib.INFO))


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The process's logger: `get_logger().info("what happened", account_id=...)`; ids, never payloads."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())


def debugging() -> bool:
    """Whether debug lines are written; hot paths ask before they put one together."""
    return _State.debugging


def announce(event: str, **fields: Any) -> None:
    """Writes a line whatever the level is: the settings at start, and that the service is ready."""
    config = structlog.get_config()
    renderer = config["processors"][-1]
    config["logger_factory"]().msg(renderer(None, "info", {"event": event, **fields}))
