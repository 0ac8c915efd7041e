"""A second gateway beside the mesh's own, that reaches some services by other addresses."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final

import httpx2
import psutil

from tests.support.eventually import eventually
from tests.support.mesh import RunningMesh

_READY_DEADLINE_S: Final = 60.0
_STOP_DEADLINE_S: Final = 20.0


@contextmanager
def side_gateway(mesh: RunningMesh, addresses: Mapping[str, str]) -> Iterator[str]:
    """Runs it with the settings of the mesh's own, but for `addresses` by service; its base URL."""
    pid = mesh.process(mesh.first_status, "gateway")["pids"][0]
    http, admin = (f"127.0.0.1:{port}" for port in _free_ports(2))
    environment = {
        **psutil.Process(pid).environ(),
        **{f"{service.upper()}_ADDR": address for service, address in addresses.items()},
        "GATEWAY_HTTP_LISTEN": http,
        "GATEWAY_ADMIN_LISTEN": admin,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "gateway"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: _is_ready(admin), deadline_s=_READY_DEADLINE_S)
        yield f"http://{http}"
    finally:
        process.terminate()
        process.wait(_STOP_DEADLINE_S)


def _is_ready(admin: str) -> bool:
    try:
        return httpx2.get(f"http://{admin}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = []
    for probe in probes:
        with closing(probe):
            ports.append(int(probe.getsockname()[1]))
    return ports
