"""Links that are cut, slowed and mended, with the real proxy between a client and an echo."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from local.builds.recipe import build
from local.errors import LocalError
from local.home import Home
from local.links import toxiproxy
from local.links.client import LinksClient
from local.links.table import links
from local.options import make
from local.supervision.supervisor import Supervisor
from local.tests.aid import free_port_base

LINK = "gateway-to-redis"
SILENCE_S = 0.5


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Gives back what comes."""
    while data := await reader.read(1024):
        writer.write(data)
    writer.close()


class Ends:
    """Both ends of one link, and the proxy's interface."""

    def __init__(self, port: int, control: LinksClient) -> None:
        self.port = port
        self.control = control

    async def say(self, word: bytes, limit_s: float = 10.0) -> bytes:
        """What comes back on a new connection; TimeoutError when nothing does, empty when it is closed."""
        async with asyncio.timeout(limit_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(word)
                return await reader.read(1024)
            finally:
                writer.close()


@pytest.fixture
async def ends(home: Home, supervisor: Supervisor) -> AsyncIterator[Ends]:
    """The proxy of a whole mesh, of which only one link has somebody behind it."""
    await build(toxiproxy.recipe())
    options = make([], [], free_port_base(), faulty_links=True)
    link = next(each for each in links(options) if each.name == LINK)
    port = int(link.upstream.rpartition(":")[2])
    async with await asyncio.start_server(echo, "127.0.0.1", port):
        spec = toxiproxy.spec(home, options, tier=0)
        supervisor.add(replace(spec, directory=home.path))
        await supervisor.start(spec.name, 20.0)
        control = LinksClient(spec.addresses["http"])
        yield Ends(int(link.listen.rpartition(":")[2]), control)
        await control.close()


async def test_a_sound_link_carries_and_all_links_are_listed(ends: Ends, home: Home) -> None:
    assert await ends.say(b"hello") == b"hello"
    told = [each["name"] for each in json.loads((home.run / "links.json").read_text())]
    assert await ends.control.names() == sorted(told)


async def test_a_refused_link_takes_nobody_until_it_is_mended(ends: Ends) -> None:
    await ends.control.refuse(LINK)
    with pytest.raises(ConnectionRefusedError):
        await ends.say(b"hello")
    await ends.control.mend(LINK)
    assert await ends.say(b"hello") == b"hello"


async def test_a_silent_link_loses_what_comes_back(ends: Ends) -> None:
    await ends.control.poison(LINK, "timeout", "downstream", {"timeout": 0})
    with pytest.raises(TimeoutError):
        await ends.say(b"hello", SILENCE_S)
    await ends.control.mend(LINK)
    assert await ends.say(b"hello") == b"hello"


async def test_a_slow_link_carries_late(ends: Ends) -> None:
    await ends.control.poison(LINK, "latency", "downstream", {"latency": 300, "jitter": 0})
    began = time.monotonic()
    assert await ends.say(b"hello") == b"hello"
    assert time.monotonic() - began >= 0.3


async def test_links_and_faults_that_are_not_there_are_named(ends: Ends) -> None:
    with pytest.raises(LocalError, match="toxiproxy refuses POST /proxies/nowhere"):
        await ends.control.refuse("nowhere")
    with pytest.raises(LocalError, match="toxiproxy refuses"):
        await ends.control.poison(LINK, "no-such-thing", "upstream", {})
    with pytest.raises(LocalError, match="does not answer"):
        await LinksClient("127.0.0.1:1").names()
