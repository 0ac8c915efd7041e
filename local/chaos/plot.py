"""Throughput and errors over time as SVG, with every fault marked."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from local.chaos.records import Records, Struck, Try

COLOURS: Final = {
    "kill": "#d62728",
    "freeze": "#9467bd",
    "restart": "#8c564b",
    "cut": "#e377c2",
    "slow": "#bcbd22",
    "lost-answer": "#ff7f0e",
    "outside-slow": "#aec7e8",
    "outside-errors": "#17becf",
    "full-disk": "#000000",
    "clock": "#2ca02c",
}
SECONDS_AN_INCH: Final = 45.0
LEAST_WIDTH, MOST_WIDTH = 14.0, 60.0


def draw(records: Records, end_s: float) -> str:
    """One SVG: orders, browsing, and below a row for each kind of fault."""
    # Not at the top: it is large, and only whoever runs chaos has it.
    import matplotlib  # noqa: PLC0415
    from matplotlib import pyplot  # noqa: PLC0415

    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # words stay words, and the file small
    kinds = sorted({each.strike.kind for each in records.struck})
    width = min(max(end_s / SECONDS_AN_INCH, LEAST_WIDTH), MOST_WIDTH)
    figure, axes = pyplot.subplots(
        3, 1, sharex=True, figsize=(width, 9), gridspec_kw={"height_ratios": [3, 3, 0.35 * len(kinds) + 0.5]}
    )
    for axis, what in zip(axes, ("order", "browse"), strict=False):
        tries = records.tries("order" if what == "order" else "browse")
        _throughput(axis, tries, end_s, "orders" if what == "order" else "pages")
        for each in records.struck:
            span = (each.began_s, max(each.ended_s, each.began_s + 0.3))
            axis.axvspan(*span, color=COLOURS.get(each.strike.kind, "#7f7f7f"), alpha=0.18, linewidth=0)
    _faults(axes[2], records.struck, kinds)
    axes[2].set_xlim(0, end_s)
    axes[2].set_xlabel("seconds")
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg")
    pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


def _throughput(axis: Any, tries: Sequence[Try], end_s: float, what: str) -> None:
    seconds = range(int(end_s) + 1)
    served = Counter(int(each.at_s + each.took_s) for each in tries if each.served)
    failed = Counter(int(each.at_s + each.took_s) for each in tries if not each.served)
    axis.plot(seconds, [served[at] for at in seconds], color="#1f77b4", linewidth=0.9, label=f"{what} served")
    axis.plot(seconds, [failed[at] for at in seconds], color="#d62728", linewidth=0.9, label="tries failed")
    axis.set_ylabel(f"{what} each second")
    axis.legend(loc="upper right")
    axis.grid(alpha=0.25)


def _faults(axis: Any, struck: Sequence[Struck], kinds: Sequence[str]) -> None:
    for each in struck:
        row, kind = kinds.index(each.strike.kind), each.strike.kind
        lasted = max(each.ended_s - each.began_s, 1.0)
        axis.broken_barh([(each.began_s, lasted)], (row + 0.1, 0.8), color=COLOURS.get(kind, "#7f7f7f"))
        axis.text(each.began_s, row + 0.5, str(each.strike.number), fontsize=5, va="center")
    axis.set_yticks([row + 0.5 for row in range(len(kinds))], labels=kinds)
    axis.set_ylim(len(kinds), 0)
