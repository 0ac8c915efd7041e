"""A few telling renders, kept whole: what a change of a template or a default does to all of them is seen in the diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from local.charts import deps
from local.charts.schema import HELM
from local.paths import ROOT

FOLDER: Final = ROOT / "tests/charts/golden"
HEADER: Final = "# Made by `./banyan charts golden`: helm template {chart} {words}\n"
RENDERS: Final[dict[str, tuple[str, str]]] = {
    "cart": ("cart", "-n shop"),
    "order-signals": ("order", "-n shop -f {chart}/ci/ha-values.yaml --set autoscaling.mode=signals"),
    "notification-resource": ("notification", "-n shop --set autoscaling.mode=resource --set replicas=2"),
    "gateway-edges": (
        "gateway",
        "-n shop --set ingress.enabled=true,ingress.host=shop.test"
        " --set httpRoute.enabled=true,httpRoute.parentRefs[0].name=edge",
    ),
}
"""Name → chart, and what helm is told beside it; `{chart}` is the chart's folder."""


def files(helm: Path) -> dict[Path, str]:
    """File → what it must hold. The charts must have been put together."""
    return {FOLDER / f"{name}.yaml": _rendered(helm, *what) for name, what in RENDERS.items()}


def _rendered(helm: Path, chart: str, words: str) -> str:
    folder = HELM / "charts" / chart
    told = words.format(chart=folder).split()
    output = deps.run(helm, "template", chart, str(folder), *told)
    documents: list[dict[str, Any]] = [each for each in yaml.load_all(output, yaml.CSafeLoader) if each]
    documents.sort(key=lambda each: (each["kind"], each["metadata"]["name"]))
    text = yaml.dump_all(documents, Dumper=yaml.CSafeDumper, width=120, sort_keys=True)
    return HEADER.format(chart=chart, words=words.format(chart=f"helm/charts/{chart}")) + text


def write(helm: Path) -> None:
    """Brings every file up to date."""
    FOLDER.mkdir(exist_ok=True)
    for file, text in files(helm).items():
        file.write_text(text)
