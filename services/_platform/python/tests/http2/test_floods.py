"""Frames that carry nothing are counted, and conversations are not."""

from __future__ import annotations

import pytest

from meshkit.http2 import frames
from meshkit.http2.headers import literals
from services._platform.python.tests.http2.pair import ANSWER, ByHand, data, frame, request

LIMIT = 10_000
FLOODS = {
    "pings": frames.ping(bytes(8)),
    "pongs": frames.ping(bytes(8), ack=True),
    "settings": frames.settings({frames.MAX_FRAME_SIZE: 16_384}),
    "acknowledgements": frame(frames.SETTINGS, frames.ACK, 0),
    "priorities": frame(frames.PRIORITY, 0, 1, bytes(5)),
    "farewells": frames.goaway(0, 0),
    "extensions": frame(0xEE, 0, 0),
    "windows": frames.window_update(0, 1),
    "a stream's windows": frames.window_update(1, 1),
    "empty data": data(1, b""),
    "padding alone": frame(frames.DATA, frames.PADDED, 1, b"\x03" + bytes(3)),
    "data of a stream that is over": data(3, b"x"),
    "headers of a stream that is over": request(3),
    "resets of a stream that is over": frames.rst_stream(3, 8),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_the_connection(kind: str) -> None:
    server = ByHand()
    server.say(request(1, end=False), request(3, end=False), frames.rst_stream(3, 8))
    assert server.fault(*[FLOODS[kind]] * (LIMIT + 1)) == frames.ENHANCE_YOUR_CALM


def test_refused_requests_are_a_flood_too() -> None:
    server = ByHand(max_streams=0)
    said = [request(number) for number in range(1, 2 * LIMIT + 4, 2)]
    assert server.fault(*said) == frames.ENHANCE_YOUR_CALM


def test_empty_continuations_are_a_flood_too() -> None:
    said = [frame(frames.HEADERS, 0, 1), *[frame(frames.CONTINUATION, 0, 1)] * (LIMIT + 1)]
    assert ByHand().fault(*said) == frames.ENHANCE_YOUR_CALM


def test_headers_without_an_end_are_refused_by_their_size() -> None:
    part = frame(frames.CONTINUATION, 0, 1, bytes(16_384))
    assert ByHand().fault(frame(frames.HEADERS, 0, 1), *[part] * 5) == frames.ENHANCE_YOUR_CALM


def test_a_conversation_may_take_as_many_frames_as_it_likes() -> None:
    server = ByHand()
    server.say(request(1, end=False))
    for _ in range(30):
        server.say(*[FLOODS["pings"]] * 1_000, data(1, b"x"))
    assert server.side.taken[0].body == b"x" * 30


def test_pings_about_our_own_answers_are_no_flood() -> None:
    server = ByHand()
    server.say(request(1))
    stream = server.side.taken[0].stream
    stream.headers(literals(ANSWER))
    for _ in range(30):
        stream.data(b"more")
        server.say(*[FLOODS["pings"]] * 1_000)
    stream.trailers(literals(ANSWER))
    assert not server.connection.closing
