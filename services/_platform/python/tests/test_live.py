"""Live settings: applied when the file is good, kept when it is not, forgotten when it goes."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from meshkit import live as module
from meshkit import logging, tracing
from meshkit.live import LARGEST_BYTES, Live, LiveFileError, LiveSettings
from meshkit.server import App, Server
from meshkit.telemetry import LIVE_RELOADS, LIVE_VALID
from meshkit.testing.aid import eventually
from meshkit.tracecontext import new_trace, sample_new_traces


class Shed(LiveSettings):
    most: int = Field(default=5, ge=1)


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged. Looks often, and leaves the process as it was."""
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    stream = io.StringIO()
    logging.configure("live", "info", stream)
    yield stream
    sample_new_traces(100)
    logging.configure("live", "info")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """As Kubernetes mounts a ConfigMap: the file is a link into a folder that is exchanged as a whole."""
    exchange(tmp_path, {})
    (tmp_path / "live.json").symlink_to("..data/live.json")
    return tmp_path / "live.json"


def exchange(folder: Path, content: Any) -> None:
    """Puts another content in place in one step."""
    made = folder / f"..{len(list(folder.iterdir()))}"
    made.mkdir()
    text = content if isinstance(content, str) else json.dumps(content)
    (made / "live.json").write_text(text)
    (folder / "..next").symlink_to(made.name)
    (folder / "..next").replace(folder / "..data")


@asynccontextmanager
async def started(live: Live[Any]) -> AsyncIterator[None]:
    await live.start()
    try:
        yield
    finally:
        await live.stop(1)


def count(outcome: str) -> float:
    return float(LIVE_RELOADS.labels(outcome)._value.get())


async def test_a_change_is_applied_while_it_runs(file: Path) -> None:
    applied: list[int] = []
    live = Live(file, Shed, lambda value: applied.append(value.most))
    before = count("applied")
    async with started(live):
        assert applied == [5]
        exchange(file.parent, {"most": 9})
        await eventually(lambda: applied == [5, 9])
        assert live.value == Shed(most=9)
        exchange(file.parent, {"most": 9})
        exchange(file.parent, {"most": 7})
        await eventually(lambda: applied == [5, 9, 7])
    assert count("applied") == before + 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"most": 0}, "most: Input should be greater than or equal to 1"),
        ({"mots": 3}, "mots: Extra inputs are not permitted"),
        ({"trace_percent": 101}, "trace_percent"),
        ("{", "Invalid JSON"),
        (" " * (LARGEST_BYTES + 1), "more than 65536 bytes"),
    ],
    ids=["range", "name", "percent", "syntax", "size"],
)
async def test_a_bad_file_changes_nothing_until_it_is_mended(
    file: Path, content: Any, said: str, lines: io.StringIO
) -> None:
    exchange(file.parent, {"most": 9})
    live = Live(file, Shed)
    before = count("refused")
    async with started(live):
        exchange(file.parent, content)
        await eventually(lambda: count("refused") > before)
        assert (live.value.most, LIVE_VALID._value.get()) == (9, 0)
        exchange(file.parent, {"most": 4})
        await eventually(lambda: live.value.most == 4)
        assert LIVE_VALID._value.get() == 1
    assert said in lines.getvalue()


async def test_a_file_that_is_bad_at_the_start_keeps_the_service_from_starting(
    file: Path, echo_app: Callable[..., App], settings: Any
) -> None:
    exchange(file.parent, {"most": 0, "colour": "blue"})
    app = echo_app()
    app.live = Live(file, Shed)
    with pytest.raises(LiveFileError, match=r"most: .*colour: "):
        await Server(app).start()


async def test_no_file_means_all_as_by_default_and_one_may_come_later(tmp_path: Path) -> None:
    live = Live(tmp_path / "live.json", Shed)
    async with started(live):
        assert live.value == Shed()
        (tmp_path / "live.json").write_text('{"most": 2}')
        await eventually(lambda: live.value.most == 2)
        (tmp_path / "live.json").unlink()
        await eventually(lambda: live.value == Shed())


async def test_the_log_level_follows_and_goes_back_to_that_of_the_start(
    file: Path, lines: io.StringIO
) -> None:
    logging.configure("live", "warning", lines)
    log, live = logging.get_logger(), Live(file, LiveSettings)
    live.level = "warning"
    async with started(live):
        log.info("one")
        exchange(file.parent, {"log_level": "debug"})
        await eventually(logging.debugging)
        log.debug("two")
        exchange(file.parent, {})
        await eventually(lambda: not logging.debugging())
        log.info("three")
    events = [json.loads(line)["event"] for line in lines.getvalue().splitlines()]
    assert "two" in events
    assert not {"one", "three"} & set(events)


async def test_only_a_share_of_new_traces_is_recorded_and_the_next_hop_is_told(file: Path) -> None:
    exchange(file.parent, {"trace_percent": 25})
    async with started(Live(file, LiveSettings)):
        marked = sum(new_trace().sampled for _ in range(4_000))
        assert 800 < marked < 1_200
        exchange(file.parent, {"trace_percent": 0})
        await eventually(lambda: not any(new_trace().sampled for _ in range(200)))
        assert new_trace().traceparent.endswith("-00")


def test_spans_of_unsampled_traces_are_not_exported() -> None:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    tracing.enable("live", exporter, batch=False)
    try:
        sample_new_traces(0)
        with tracing.server_span("dropped", None) as span:
            assert span.context.traceparent.endswith("-00")
            with tracing.internal_span("inside"):
                pass
        with tracing.server_span("told", f"00-{'1' * 32}-{'2' * 16}-01"):
            pass
        sample_new_traces(100)
        with tracing.server_span("kept", None):
            pass
    finally:
        tracing.shutdown()
    assert [span.name for span in exporter.get_finished_spans()] == ["told", "kept"]
