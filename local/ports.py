"""Checks before a start that the ports are free, and names who holds one that is not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping

import psutil

from local.errors import LocalError
from local.topology import DEFAULT_PORT_BASE, GATEWAY_HTTP_OFFSET, HOST, PORT_SPAN

LOWEST_BASE = 1024 - GATEWAY_HTTP_OFFSET
HIGHEST_BASE = 65535 - PORT_SPAN


def check_base(base: int) -> int:
    """The port base itself when all its ports exist and need no root, else LocalError."""
    if not LOWEST_BASE <= base <= HIGHEST_BASE:
        raise LocalError(f"--port-base {base}: give a number from {LOWEST_BASE} to {HIGHEST_BASE}")
    return base


def is_free(port: int) -> bool:
    """Whether 127.0.0.1:port can be listened on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def check_free(wanted: Mapping[int, str]) -> None:
    """LocalError names the first port of `wanted` (port → what it is for) that is taken, and by whom."""
    for port, purpose in sorted(wanted.items()):
        if not is_free(port):
            raise LocalError(
                f"port {port} ({purpose}) is in use{holder(port)}: stop that, or choose other ports with "
                f"`--port-base {DEFAULT_PORT_BASE + 2 * PORT_SPAN}`"
            )


def holder(port: int) -> str:
    """` by pid 123 (python)`, or nothing when the system does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, OSError):
        return ""
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                return f" by pid {connection.pid} ({psutil.Process(connection.pid).name()})"
            except psutil.NoSuchProcess:
                return f" by pid {connection.pid}"
    return ""
