"""GOAWAY: which calls go on, which were surely untouched, and that the last one named never grows."""

from __future__ import annotations

import pytest

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault
from services._platform.python.tests.http2.pair import ByHand, Pair, read_frames, request


def test_streams_above_the_last_are_untouched_and_those_below_go_on() -> None:
    client = ByHand(client=True)
    first, second, third = client.side.call(), client.side.call(), client.side.call(b"x" * 100_000)
    client.say(frames.goaway(1, frames.NO_ERROR, b"bye"))
    assert (first.resets, second.resets, third.resets) == (
        [],
        [(frames.REFUSED_STREAM, True)],
        [(frames.REFUSED_STREAM, True)],
    )
    assert client.side.goaways == [(1, frames.NO_ERROR, "bye")]
    assert not client.connection.has_room
    assert list(client.connection.streams) == [1]
    assert client.say(frames.window_update(0, 2**20)) == []


def test_two_farewells_lose_nothing() -> None:
    pair = Pair()
    pair.server.connection.go_away(frames.LARGEST_STREAM_ID)
    crossing = pair.client.call()
    pair.settle()
    assert (crossing.resets, len(pair.server.taken)) == ([], 1)
    pair.server.connection.closing = True
    pair.server.connection.go_away(pair.server.connection.last_peer_stream)
    pair.settle()
    assert crossing.resets == []
    assert [last for last, *_ in pair.client.goaways] == [frames.LARGEST_STREAM_ID, 1]


def test_requests_after_the_last_farewell_are_refused() -> None:
    server = ByHand()
    server.connection.closing = True
    assert server.say(request(1)) == [(frames.RST_STREAM, 0, 1, frames.REFUSED_STREAM.to_bytes(4, "big"))]
    assert server.side.taken == []


def test_the_last_stream_that_was_named_never_grows() -> None:
    server = ByHand()
    server.say(request(1))
    server.connection.closing = True
    server.connection.go_away(1)
    server.say(request(3))
    with pytest.raises(ConnectionFault):
        server.say(frames.ping(b"12345678")[:-1] + b"8", request(2))
    farewells = [
        frames.read_goaway(payload)[:2]
        for kind, _, _, payload in read_frames(server.connection.take())
        if kind == frames.GOAWAY
    ]
    assert farewells[-1] == (1, frames.PROTOCOL_ERROR)


def test_pings_are_answered_and_pongs_told() -> None:
    pair = Pair()
    pair.client.connection.write(frames.ping(b"01234567"))
    pair.settle()
    assert (pair.client.pongs, pair.server.pongs) == ([b"01234567"], [])
