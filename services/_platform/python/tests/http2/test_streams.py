"""How many streams there may be, and who is told when there may be more."""

from __future__ import annotations

from meshkit.http2 import frames
from meshkit.http2.headers import literals
from services._platform.python.tests.http2.pair import ByHand, Pair, request

REFUSED = frames.REFUSED_STREAM.to_bytes(4, "big")


def test_a_server_announces_and_enforces_its_limit() -> None:
    pair = Pair(max_streams=2)
    pair.settle()
    assert pair.client.connection.peer_max_streams == 2
    first, _ = pair.client.call(), pair.client.call()
    assert not pair.client.connection.has_room
    over = pair.client.call()  # by a client that does not care
    pair.settle()
    assert over.resets == [(frames.REFUSED_STREAM, True)]
    assert len(pair.server.taken) == 2
    slots = pair.client.slots
    pair.server.taken[0].stream.headers(literals([(":status", "200")]), end=True)
    pair.settle()
    assert first.ended
    assert pair.client.slots > slots
    assert pair.client.connection.has_room


def test_an_owner_that_takes_no_more_refuses() -> None:
    server = ByHand()
    server.side.welcomes = False
    assert server.say(request(1)) == [(frames.RST_STREAM, 0, 1, REFUSED)]
    server.side.welcomes = True
    assert server.say(request(3)) == []
    assert [each.stream.number for each in server.side.taken] == [3]


def test_before_a_server_has_spoken_a_hundred_streams_are_taken_for_granted() -> None:
    pair = Pair()
    assert pair.client.connection.peer_max_streams == 100


def test_a_server_that_names_no_limit_has_none() -> None:
    client = ByHand(client=True)
    assert client.connection.peer_max_streams == frames.LARGEST_STREAM_ID
    slots = client.side.slots
    client.say(frames.settings({frames.MAX_CONCURRENT_STREAMS: 0}))
    assert not client.connection.has_room
    client.say(frames.settings({frames.MAX_CONCURRENT_STREAMS: 1}))
    assert client.connection.has_room
    assert client.side.slots == slots + 2


def test_numbers_run_out_and_the_connection_with_them() -> None:
    client = ByHand(client=True)
    client.connection._next_number = frames.LARGEST_STREAM_ID
    assert client.connection.has_room
    assert client.side.call().stream.number == frames.LARGEST_STREAM_ID
    assert not client.connection.has_room


def test_streams_that_end_leave_nothing_behind() -> None:
    pair = Pair()
    for number in range(200):
        call = pair.client.call(b"question", end=number % 2 == 0)
        pair.settle()
        taken = pair.server.taken[-1]
        if number % 3 == 0:
            taken.stream.reset(frames.CANCEL)
        else:
            taken.stream.headers(literals([(":status", "200")]), end=True)
        call.stream.data(b"", end=True)
        pair.settle()
    for side in (pair.client, pair.server):
        assert side.connection.streams == {}
        assert side.connection._queue == {}
