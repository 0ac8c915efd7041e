"""`./banyan audit` at the end of a run, as a process of its own, as a person would call it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from local.errors import LocalError
from local.paths import ROOT

DEADLINE_S: Final = 300.0
WAIT: Final = "90s"
COULD_NOT_CHECK: Final = 2


@dataclass(frozen=True, slots=True)
class Books:
    """What the audit found: invariant → its violations in words.

    `repeated_mails` are the audit's figure of copies under one Message-ID, which break nothing: SMTP has no keys, so
    whoever dies between a mail's sending and its recording must send it again.
    """

    exit_code: int
    violations: dict[str, list[str]] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)
    note: str = ""
    repeated_mails: int = 0


def audit(*words: str, home: Path | None = None) -> Books:
    """Compares all books once the mesh is quiet; LocalError when there is no audit to call.

    The mesh is that of `home`, or what `words`, arguments of the audit, name.
    """
    environment = {**os.environ, "NO_COLOR": "1"} | ({"BANYAN_HOME": str(home)} if home else {})
    try:
        done = subprocess.run(
            [str(ROOT / "banyan"), "audit", "--json", "--wait", WAIT, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"./banyan audit took longer than {DEADLINE_S:g} s") from None
    if not done.stdout.strip():
        raise LocalError(f"./banyan audit failed: {done.stderr.strip()[-500:] or 'it said nothing'}")
    return read(json.loads(done.stdout), done.returncode)


def read(document: dict[str, Any], exit_code: int) -> Books:
    """The audit's document."""
    invariants = document["invariants"]
    moving = ", ".join(f"{what}: {count}" for what, count in document["moving"].items())
    return Books(
        exit_code,
        {
            each["name"]: [_words(violation) for violation in each["violations"]]
            for each in invariants
            if each["violations"]
        },
        {each["name"]: int(each["checked"]) for each in invariants},
        f"the mesh did not come to rest ({moving})" if exit_code == COULD_NOT_CHECK else "",
        sum(int(each["figures"].get("repeated", 0)) for each in invariants if each["name"] == "mails-server"),
    )


def _words(violation: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in violation["figures"].items())
    return f"{violation['id']}  {violation['what']}" + (f": {figures}" if figures else "")
