"""A picture for each service: its signal against what its replicas may have, and the replicas below."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Final

from loadtests.observer.record import Record, Signal, Watched

WIDTH: Final = 11.0
SIGNAL_COLOUR: Final = "#1f77b4"
LIMIT_COLOUR: Final = "#d62728"
WANTED_COLOUR: Final = "#888888"
METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
PATH: Final = re.compile(r' d="[^"]*"')
LONG: Final = re.compile(r"(\d\.\d\d)\d+")
"""A hundredth of a point is finer than a screen: digits beyond are half of the file."""
READY_COLOUR: Final = "#2ca02c"


def draw_service(name: str, watched: Watched, begin: float, end: float, decided: Sequence[float] = ()) -> str:
    """SVG: a row for each trigger that has values, and one for the replicas; lines where the autoscaler decided."""
    signals = [signal for signal in watched.signals if signal.points]
    figure, axes = _rows(len(signals) + 1)
    for axis, signal in zip(axes, signals, strict=False):
        _signal(axis, signal, watched, begin)
    bottom = axes[-1]
    moments = [each.at - begin for each in watched.replicas]
    wanted = [each.wanted for each in watched.replicas]
    ready = [each.ready for each in watched.replicas]
    bottom.step(moments, wanted, where="post", color=WANTED_COLOUR, linestyle="--", label="wanted")
    bottom.fill_between(moments, ready, step="post", color=READY_COLOUR, alpha=0.4, label="ready")
    bottom.set_ylim(0, max([*wanted, *ready, 1]) + 0.5)
    bottom.yaxis.get_major_locator().set_params(integer=True)
    bottom.set_ylabel("replicas")
    bottom.set_xlabel("seconds")
    for axis in axes:
        for at in decided:
            axis.axvline(at - begin, color=WANTED_COLOUR, linewidth=0.6)
    axes[0].set_title(name, loc="left", fontweight="bold")
    return _finish(figure, axes, end - begin)


def draw_overview(record: Record, begin: float, end: float) -> str:
    """SVG: a row for each service that grew, or for all: replicas that its signal asks for, and those that were ready.

    A signal over its threshold is a number of replicas, so that all rows have the same unit.
    """
    grew = [name for name, each in record.services.items() if _grew(each)]
    names = grew or list(record.services)
    figure, axes = _rows(len(names))
    for axis, name in zip(axes, names, strict=True):
        watched = record.services[name]
        moments = [each.at - begin for each in watched.replicas]
        ready = [each.ready for each in watched.replicas]
        axis.fill_between(moments, ready, step="post", color=READY_COLOUR, alpha=0.4, label="ready")
        for number, signal in enumerate(each for each in watched.signals if each.points):
            axis.plot(
                [at - begin for at, _ in signal.points],
                [value / signal.threshold for _, value in signal.points],
                color=SIGNAL_COLOUR,
                label="signal / threshold" if number == 0 else None,
            )
        axis.set_ylim(bottom=0)
        axis.set_title(f"{name}, replicas", loc="left", fontsize=10)
    axes[-1].set_xlabel("seconds")
    return _finish(figure, axes, end - begin)


def _grew(watched: Watched) -> bool:
    wanted = [each.wanted for each in watched.replicas]
    return bool(wanted) and max(wanted) > max(watched.least, 1)


def draw_load(record: Record, begin: float, end: float) -> str:
    """SVG: people, answers and failures each second, and response times."""
    figure, axes = _rows(2)
    seconds = record.seconds
    moments = [each["at"] - begin for each in seconds]
    for key, colour, label in (
        ("requests", SIGNAL_COLOUR, "answers a second"),
        ("failures", LIMIT_COLOUR, "failures a second"),
    ):
        axes[0].plot(moments[1:], _rates([each[key] for each in seconds], moments), color=colour, label=label)
    axes[0].plot(moments, [each["people"] for each in seconds], color=WANTED_COLOUR, label="people")
    for key, label in (("p50_ms", "P50"), ("p99_ms", "P99")):
        axes[1].plot(moments, [each[key] for each in seconds], label=label)
    axes[1].set_ylabel("ms, last 10 s")
    axes[1].set_xlabel("seconds")
    return _finish(figure, axes, end - begin)


def _signal(axis: Any, signal: Signal, watched: Watched, begin: float) -> None:
    axis.plot(
        [at - begin for at, _ in signal.points],
        [value for _, value in signal.points],
        color=SIGNAL_COLOUR,
        label="signal",
    )
    axis.step(
        [each.at - begin for each in watched.replicas],
        [max(each.ready, 1) * signal.threshold for each in watched.replicas],
        where="post",
        color=LIMIT_COLOUR,
        linestyle=":",
        label=f"what the ready ones may have ({signal.threshold:g} each)",
    )
    axis.set_ylim(bottom=0)


def _rates(counts: Sequence[float], moments: Sequence[float]) -> list[float]:
    pairs = zip(zip(counts, moments, strict=True), zip(counts[1:], moments[1:], strict=True), strict=False)
    return [(b - a) / max(at_b - at_a, 1e-3) for (a, at_a), (b, at_b) in pairs]


def _rows(count: int) -> tuple[Any, Sequence[Any]]:
    # Not at the top: it is large, and only who draws has it.
    import matplotlib  # noqa: PLC0415
    from matplotlib import pyplot  # noqa: PLC0415

    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # words stay words, and the file small
    figure, axes = pyplot.subplots(count, 1, sharex=True, squeeze=False, figsize=(WIDTH, 1.7 * count + 0.6))
    return figure, list(axes[:, 0])


def _finish(figure: Any, axes: Sequence[Any], length_s: float) -> str:
    from matplotlib import pyplot  # noqa: PLC0415

    for axis in axes:
        axis.set_xlim(0, length_s)
        axis.legend(loc="upper right", fontsize=8, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg")
    pyplot.close(figure)
    drawn = METADATA.sub("", text.getvalue())
    return PATH.sub(lambda path: LONG.sub(r"\1", path[0]), drawn[drawn.index("<svg") :])
