"""Renders kept whole: nothing changes in them unseen."""

from __future__ import annotations

import difflib
from pathlib import Path

from local.charts import golden


def test_renders_are_as_they_were(program: Path) -> None:
    files = golden.files(program)
    changed = [
        line
        for file, text in files.items()
        for line in difflib.unified_diff(
            file.read_text().splitlines(),
            text.splitlines(),
            f"{file.name} kept",
            f"{file.name} now",
            lineterm="",
            n=1,
        )
    ]
    said = "\n".join(["if this was meant, run ./banyan charts golden and look at the diff:", *changed[:80]])
    assert changed == [], said


def test_no_render_is_kept_that_nobody_makes(program: Path) -> None:
    assert set(golden.FOLDER.glob("*")) == set(golden.files(program))
