"""Settings that change while the service runs: one JSON file, looked at every two seconds, applied when it is good.

In a cluster it is a ConfigMap mounted as a folder, which Kubernetes renews in place; here it is any file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshkit import logging
from meshkit.lifecycle import Background
from meshkit.telemetry import LIVE_RELOADS, LIVE_VALID
from meshkit.tracecontext import sample_new_traces

LOOK_EVERY_S: Final = 2.0
LARGEST_BYTES: Final = 65_536
log = logging.get_logger()


class LiveSettings(BaseModel):
    """What every service can be told while it runs; a service with more to tell has a subclass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] | None = None
    """None: as at the start."""
    trace_percent: float = Field(default=100.0, ge=0, le=100)
    """Of the traces that begin here, those that are recorded; every service after it does as it is told."""


L = TypeVar("L", bound=LiveSettings)
Apply = Callable[[L], None]


class LiveFileError(ValueError):
    """The file can't be read, or says what no setting can be; the text names every problem."""


class Live(Background, Generic[L]):
    """Holds the settings of one process; `value` is what applies now.

    A file that is bad at the start keeps the service from starting, as bad settings do. One that becomes bad changes
    nothing, and is logged and counted until it is mended. One that goes away means: all as by default.
    """

    def __init__(self, file: Path | None, model: type[L], apply: Apply[L] = lambda value: None) -> None:
        super().__init__("live settings")
        self._file, self._model, self._apply = file, model, apply
        self._seen: bytes | None = b""
        self.value: L = model()
        self.level = "info"
        """The log level at the start."""

    async def start(self) -> None:
        """Reads the file once. Raises LiveFileError when it is bad."""
        if self._file is not None:
            self._take(await asyncio.to_thread(_content, self._file))
            LIVE_VALID.set(1)
        await super().start()

    async def run(self) -> None:
        """Looks until stopped."""
        while not self.stopping:
            await self.pause(LOOK_EVERY_S)
            if self._file is not None and not self.stopping:
                await self._look(self._file)

    async def _look(self, file: Path) -> None:
        try:
            content = await asyncio.to_thread(_content, file)
            if content == self._seen:
                return
            self._take(content)
        except LiveFileError as error:
            LIVE_RELOADS.labels("refused").inc()
            LIVE_VALID.set(0)
            log.error("live settings refused, the old ones stay", file=str(file), reason=str(error))
            return
        LIVE_RELOADS.labels("applied").inc()
        LIVE_VALID.set(1)
        logging.announce("live settings applied", settings=self.value.model_dump(exclude_defaults=True))

    def _take(self, content: bytes | None) -> None:
        self._seen = content
        value = self._model() if content is None else _parsed(self._model, content)
        self.value = value
        logging.set_level(value.log_level or self.level)
        sample_new_traces(value.trace_percent)
        self._apply(value)


def _content(file: Path) -> bytes | None:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LiveFileError(f"can't be read: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        raise LiveFileError(f"more than {LARGEST_BYTES} bytes")
    return content


def _parsed(model: type[L], content: bytes) -> L:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        said = [".".join(map(str, each["loc"])) + f": {each['msg']}" for each in details]
        raise LiveFileError("; ".join(said)) from error
