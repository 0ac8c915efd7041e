"""A TCP proxy in front of a gRPC server that can catch its answers: the server has given them, and nobody gets them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

_HEAD: Final = 9
_DATA, _HEADERS, _CONTINUATION = 0, 1, 9
_END_STREAM: Final = 1
# The first call on a connection is the channel's own question whether the server is healthy.
_HEALTH_CHECK: Final = 1
_CHUNK: Final = 65536
_START_DEADLINE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of HTTP/2 (RFC 9113), head and all."""

    data: bytes

    @property
    def stream(self) -> int:
        """Which call it belongs to; 0 for those of the connection."""
        return int.from_bytes(self.data[5:9]) & 0x7FFF_FFFF

    @property
    def is_of_answer(self) -> bool:
        """Whether it carries a part of an answer to somebody's call."""
        return self.stream > _HEALTH_CHECK and self.data[3] in (_DATA, _HEADERS, _CONTINUATION)

    @property
    def begins_message(self) -> bool:
        """Whether an answer begins with it that is no error: an error ends the stream at once."""
        return self.data[3] == _HEADERS and not self.data[4] & _END_STREAM


class Frames:
    """Cuts a server's bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def of(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        while len(self._buffer) >= _HEAD:
            end = _HEAD + int.from_bytes(self._buffer[:3])
            if len(self._buffer) < end:
                return
            yield Frame(bytes(self._buffer[:end]))
            del self._buffer[:end]


class AnswerTrap:
    """Passes all on both ways until it is armed; then answers are counted and go nowhere, the rest still passes.

    Its methods may be called from any thread; the proxy runs in the loop it was made for.
    """

    def __init__(self, server: str, loop: asyncio.AbstractEventLoop) -> None:
        self._host, _, port = server.rpartition(":")
        self._port = int(port)
        self._loop = loop
        self._armed = threading.Event()
        self._shut = threading.Event()
        self._caught: set[tuple[int, int]] = set()
        self._changed = threading.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self.address = ""

    async def listen(self) -> asyncio.Server:
        """Begins to serve on a free port, which is then in `address`."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def arm(self) -> None:
        """From now on answers are caught, and counted from 0."""
        with self._changed:
            self._caught.clear()
        self._armed.set()

    def caught(self, answers: int, deadline_s: float) -> bool:
        """Whether so many messages are caught; waits for them until the deadline."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._caught) >= answers, deadline_s)

    def shut(self) -> None:
        """Ends every connection and takes no new ones, as when the server is gone."""
        self._shut.set()
        self._loop.call_soon_threadsafe(self._close_all)

    def _close_all(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._shut.is_set():
            writer.close()
            return
        # A connection that is lost ends both ways; which end it was does not matter here.
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
            self._writers |= {writer, server_writer}
            try:
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._requests(reader, server_writer))
                    ways.create_task(self._answers(server_reader, writer))
            except* OSError:
                pass
            finally:
                self._writers -= {writer, server_writer}
                server_writer.close()
        writer.close()

    async def _requests(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            server.write(data)
            await server.drain()
        server.close()

    async def _answers(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while data := await server.read(_CHUNK):
            for frame in frames.of(data):
                if self._armed.is_set() and frame.is_of_answer:
                    if frame.begins_message:
                        self._count((id(writer), frame.stream))
                else:
                    writer.write(frame.data)
            await writer.drain()
        writer.close()

    def _count(self, answer: tuple[int, int]) -> None:
        with self._changed:
            self._caught.add(answer)
            self._changed.notify_all()


@contextmanager
def traps(servers: dict[str, str]) -> Iterator[dict[str, AnswerTrap]]:
    """A trap before each server, by the same names."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="answer-traps")
    thread.start()
    made = {name: AnswerTrap(address, loop) for name, address in servers.items()}

    async def start() -> list[asyncio.Server]:
        return [await trap.listen() for trap in made.values()]

    async def stop(listening: list[asyncio.Server]) -> None:
        for server in listening:
            server.close()
        for trap in made.values():
            trap.shut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    started: Future[list[asyncio.Server]] = asyncio.run_coroutine_threadsafe(start(), loop)
    try:
        listening = started.result(_START_DEADLINE_S)
        yield made
        asyncio.run_coroutine_threadsafe(stop(listening), loop).result(_START_DEADLINE_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_START_DEADLINE_S)
        loop.close()
