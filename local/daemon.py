"""The detached supervisor: `python -m local.daemon OPTIONS`, started by `up --detach`, without a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys

from local.errors import LocalError
from local.home import Home
from local.options import Options
from local.runtime import supervise


def launch(home: Home, options: Options) -> subprocess.Popen[bytes]:
    """Starts it in its own session. Its own words (a crash, at most) go to logs/supervisor.log."""
    log = home.logs / "supervisor.log"
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "local.daemon", options.dump()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            env=dict(os.environ, BANYAN_HOME=str(home.path)),
        )


def main() -> int:
    """Runs until `down` or a signal."""
    home = Home.from_environment()
    home.create()
    with contextlib.suppress(LocalError):
        return asyncio.run(supervise(home, Options.load(sys.argv[1])))
    return 1


if __name__ == "__main__":
    sys.exit(main())
