"""How the event loop learns that a child has ended."""

from __future__ import annotations

import asyncio
import os


def use_pidfd() -> None:
    """Children are waited for without a thread each, where the kernel can (Linux 5.3); forking threads is fragile."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return
    watcher = asyncio.PidfdChildWatcher()
    watcher.attach_loop(asyncio.get_running_loop())
    asyncio.get_event_loop_policy().set_child_watcher(watcher)
