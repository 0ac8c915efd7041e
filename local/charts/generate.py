"""Everything about the charts and skaffold that is generated and committed."""

from __future__ import annotations

from pathlib import Path

from local.charts import docs, schema, skaffold, topology


def texts() -> dict[Path, str]:
    """File → what it must hold."""
    return {topology.TARGET: topology.rendered(), **schema.schemas(), **docs.readmes(), **skaffold.files()}


def write() -> None:
    """Brings every file up to date."""
    for file, text in texts().items():
        file.write_text(text)
