"""Ports that are taken are named, with their holder."""

from __future__ import annotations

import os
import socket

import pytest

from local.errors import LocalError
from local.ports import check_free, is_free
from local.topology import HOST


def test_a_port_in_use_is_told_with_its_purpose_and_its_holder() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(
            LocalError,
            match=rf"port {port} \(gateway http\) is in use by pid {os.getpid()} \(.+\).*--port-base",
        ):
            check_free({port: "gateway http"})
    assert is_free(port)
    check_free({port: "gateway http"})
