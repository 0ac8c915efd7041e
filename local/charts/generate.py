"""Everything about the charts that is generated and committed."""

from __future__ import annotations

from pathlib import Path

from local.charts import docs, schema, topology


def texts() -> dict[Path, str]:
    """File → what it must hold."""
    return {topology.TARGET: topology.rendered(), **schema.schemas(), **docs.readmes()}


def write() -> None:
    """Brings every file up to date."""
    for file, text in texts().items():
        file.write_text(text)
