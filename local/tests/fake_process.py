"""A process that behaves as a test tells it: `fake_process.py FOLDER NAME WORD...`.

It notes its start, its process id and its end in files of FOLDER. Words: `crash` (exit at once with an error line),
`deaf` (ignores SIGTERM), `child` (has a child of its own), `slow=S` (takes S seconds to end), `unready` (never gets ready).
"""

import os
import signal
import sys
import time
from pathlib import Path

folder, name, *words = sys.argv[1:]


def note(file: str, text: str) -> None:
    """Adds a line."""
    with (Path(folder) / file).open("a") as out:
        out.write(text + "\n")


def end(*_: object) -> None:
    """A polite end."""
    for word in words:
        if word.startswith("slow="):
            time.sleep(float(word[5:]))
    note("ends", name)
    sys.exit(0)


note(f"{name}.starts", str(time.monotonic()))
note("pids", str(os.getpid()))
print("plain words of " + name, flush=True)
print('{"event":"ready","level":"info"}', file=sys.stderr, flush=True)
if "crash" in words:
    print("error: the moon is full", file=sys.stderr, flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in words else end)
if "child" in words:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("pids", str(os.getpid()))
if "unready" not in words:
    note(f"{name}.ready", "yes")
while True:
    signal.pause()
