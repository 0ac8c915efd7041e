"""The asking side of the control socket; blocking, because a command line has nothing else to do."""

from __future__ import annotations

import json
import socket
from typing import Any

from local.control import short_path
from local.errors import LocalError
from local.home import Home

DEADLINE_S = 180.0


class NotRunningError(LocalError):
    """No supervisor lives in this home."""


def ask(home: Home, do: str, deadline_s: float = DEADLINE_S, **arguments: Any) -> Any:
    """Sends one request and returns its result; LocalError with the supervisor's own sentence when it refuses."""
    if home.supervisor_pid() is None:
        raise NotRunningError(f"nothing is running in {home.path}: start it with `./banyan up`")
    try:
        with short_path(home.socket) as name, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(deadline_s)
            connection.connect(name)
            connection.sendall(json.dumps({"do": do} | arguments).encode() + b"\n")
            with connection.makefile("rb") as answer:
                line = answer.readline()
    except (FileNotFoundError, ConnectionError):
        raise NotRunningError(
            f"the mesh of {home.path} is only just starting or stopping: try again"
        ) from None
    except TimeoutError:
        raise LocalError(
            f"the supervisor did not answer within {deadline_s:g} s: see `./banyan logs`"
        ) from None
    if not line:
        raise NotRunningError(f"the mesh of {home.path} stopped before it answered")
    reply = json.loads(line)
    if not reply["ok"]:
        raise LocalError(reply["error"])
    return reply["result"]
