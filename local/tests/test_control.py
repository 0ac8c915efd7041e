"""The control socket: answers, refusals, deep folders, and what is said when nobody is there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.control.client import NotRunningError, ask
from local.control.server import ControlServer
from local.errors import LocalError
from local.home import Home


async def echo(request: Mapping[str, Any]) -> str:
    return f"heard {request['name']}"


async def refuse(_: Mapping[str, Any]) -> None:
    raise LocalError("not today")


@pytest.mark.parametrize("depth", [0, 30])
async def test_questions_are_answered_however_deep_the_folder(tmp_path: Path, depth: int) -> None:
    home = Home(tmp_path.joinpath(*["deeper"] * depth))
    home.create()
    server = ControlServer(home.socket, {"echo": echo, "refuse": refuse})
    with home.locked():
        await server.start()
        assert await asyncio.to_thread(ask, home, "echo", 5, name="you") == "heard you"
        with pytest.raises(LocalError, match=r"^not today$"):
            await asyncio.to_thread(ask, home, "refuse", 5)
        with pytest.raises(LocalError, match=r"does not know this request"):
            await asyncio.to_thread(ask, home, "sing", 5)
        await server.stop()


def test_without_a_supervisor_the_way_to_start_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=r"nothing is running.*banyan up"):
        ask(Home(tmp_path), "status")


def test_a_second_supervisor_is_kept_out(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    with home.locked(), pytest.raises(LocalError, match=r"already running \(pid [0-9]+\)"), home.locked():
        pass
    assert home.supervisor_pid() is None
