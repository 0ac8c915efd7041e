"""What a peer must not say, and with which code we part."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault
from meshkit.http2.headers import literals
from services._platform.python.tests.http2.pair import ANSWER, ByHand, Side, data, frame, read_frames, request

BLOCK = literals([(":method", "POST")])
BEGUN = frame(frames.HEADERS, 0, 1, BLOCK)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param([frames.head(16_385, 0, 0, 1)], frames.FRAME_SIZE_ERROR, id="a frame too large"),
        pytest.param([data(0, b"x")], frames.PROTOCOL_ERROR, id="data on the connection"),
        pytest.param([data(1, b"x")], frames.PROTOCOL_ERROR, id="data on an idle stream"),
        pytest.param([data(2, b"x")], frames.PROTOCOL_ERROR, id="data on a stream of ours"),
        pytest.param([request(0)], frames.PROTOCOL_ERROR, id="headers on the connection"),
        pytest.param([request(2)], frames.PROTOCOL_ERROR, id="an even stream"),
        pytest.param([frames.rst_stream(1, 8)], frames.PROTOCOL_ERROR, id="a reset of an idle stream"),
        pytest.param([frames.rst_stream(0, 8)], frames.PROTOCOL_ERROR, id="a reset of the connection"),
        pytest.param([frames.window_update(7, 1)], frames.PROTOCOL_ERROR, id="a window of an idle stream"),
        pytest.param([frame(0x3, 0, 1, b"abc")], frames.FRAME_SIZE_ERROR, id="a torn reset"),
        pytest.param([frame(0x8, 0, 0, b"abc")], frames.FRAME_SIZE_ERROR, id="a torn window update"),
        pytest.param([frame(0x6, 0, 0, b"abc")], frames.FRAME_SIZE_ERROR, id="a torn ping"),
        pytest.param([frame(0x6, 0, 1, b"12345678")], frames.PROTOCOL_ERROR, id="a ping on a stream"),
        pytest.param([frame(0x7, 0, 0, b"abc")], frames.FRAME_SIZE_ERROR, id="a torn farewell"),
        pytest.param([frame(0x7, 0, 1, bytes(8))], frames.PROTOCOL_ERROR, id="a farewell on a stream"),
        pytest.param([frame(0x5, 4, 1, bytes(9))], frames.PROTOCOL_ERROR, id="a push"),
        pytest.param([frame(0x2, 0, 0, bytes(5))], frames.PROTOCOL_ERROR, id="a priority of nothing"),
        pytest.param([BEGUN, request(3)], frames.PROTOCOL_ERROR, id="a block interrupted by headers"),
        pytest.param(
            [BEGUN, frames.ping(bytes(8))], frames.PROTOCOL_ERROR, id="a block interrupted by a ping"
        ),
        pytest.param(
            [BEGUN, frame(0x9, 4, 3, BLOCK)], frames.PROTOCOL_ERROR, id="another stream's continuation"
        ),
        pytest.param(
            [BEGUN, frame(0xEE, 0, 1)], frames.PROTOCOL_ERROR, id="a block interrupted by an extension"
        ),
        pytest.param([frame(0x9, 4, 1, BLOCK)], frames.PROTOCOL_ERROR, id="a continuation of nothing"),
        pytest.param(
            [frame(0x1, 0x0C, 1, b"\x05abc")], frames.PROTOCOL_ERROR, id="more padding than headers"
        ),
        pytest.param([frame(0x1, 0x0C, 1)], frames.PROTOCOL_ERROR, id="padded headers without a length"),
        pytest.param([frame(0x1, 0x24, 1, b"abc")], frames.FRAME_SIZE_ERROR, id="a torn priority in headers"),
        pytest.param([request(1, end=False), frame(0, 8, 1, b"\x02a")], frames.PROTOCOL_ERROR, id="padding"),
        pytest.param([request(1), request(1)], frames.STREAM_CLOSED, id="headers after the end"),
        pytest.param([frame(0x1, 4, 1, b"\x80")], frames.COMPRESSION_ERROR, id="a malformed block"),
    ],
)
def test_the_connection_ends(said: list[bytes], code: int) -> None:
    server = ByHand()
    assert server.fault(*said) == code
    assert server.connection.closing


@pytest.mark.parametrize("kind", [frames.DATA, frames.HEADERS, frames.RST_STREAM])
def test_a_server_says_nothing_about_streams_that_were_never_opened(kind: int) -> None:
    for number in (0, 1, 2, 3):
        assert ByHand(client=True).fault(frame(kind, 4, number, b"\x88\x88\x88\x88")) == frames.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/1.0\r\n", b"\0" * 30],
)
def test_not_every_client_speaks_http2(said: bytes) -> None:
    side = Side(client=False)
    with pytest.raises(ConnectionFault) as raised:
        for octet in said:
            side.connection.feed(bytes((octet,)))
    assert raised.value.code == frames.PROTOCOL_ERROR


@pytest.mark.parametrize("client", [True, False])
@pytest.mark.parametrize("first", [frames.ping(bytes(8)), frames.window_update(0, 5), frame(0xEE, 0, 0)])
def test_settings_come_first(client: bool, first: bytes) -> None:
    side = Side(client=client)
    with pytest.raises(ConnectionFault) as raised:
        side.connection.feed((b"" if client else frames.PREFACE) + first)
    assert raised.value.code == frames.PROTOCOL_ERROR


def test_an_answer_in_the_wrong_language_is_no_server() -> None:
    with pytest.raises(ConnectionFault):
        Side(client=True).connection.feed(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_frames_for_streams_that_are_over_are_late_and_no_fault() -> None:
    server = ByHand()
    server.say(request(1, end=False))
    server.side.taken[0].stream.reset()
    server.connection.take()
    late = [data(1, b"x"), request(1), frames.rst_stream(1, 8), frames.window_update(1, 5)]
    assert server.say(*late) == []
    server.say(request(3))
    assert len(server.side.taken) == 2


def test_data_after_the_end_ends_the_stream() -> None:
    server = ByHand()
    server.say(request(1))
    assert server.say(data(1, b"x")) == [(0x3, 0, 1, frames.STREAM_CLOSED.to_bytes(4, "big"))]
    assert server.side.taken[0].resets == [(frames.STREAM_CLOSED, False)]


def test_headers_may_be_padded_and_prioritised_and_continued() -> None:
    server = ByHand()
    flags = frames.PADDED | frames.WITH_PRIORITY | frames.END_STREAM
    first = frame(frames.HEADERS, flags, 1, b"\x03" + bytes(5) + BLOCK[:4] + bytes(3))
    parts = [frame(0x9, 0, 1, BLOCK[4:6]), frame(0x9, 0, 1), frame(0x9, 4, 1, BLOCK[6:])]
    server.say(first, *parts)
    assert server.side.taken[0].headers == [[(":method", "POST")]]
    assert server.side.taken[0].ended


def test_priorities_and_extensions_are_ignored() -> None:
    server = ByHand()
    assert server.say(frame(0x2, 0, 1, bytes(5)), frame(0xEE, 0xFF, 99, b"?"), request(1)) == []
    assert server.say(frame(0x2, 0, 1, b"?")) == [(0x3, 0, 1, frames.FRAME_SIZE_ERROR.to_bytes(4, "big"))]


def test_a_refused_request_keeps_the_tables_alike() -> None:
    server = ByHand(max_streams=1)
    remembered = literals([("name", "value")]).replace(b"\0", b"\x40", 1)
    server.say(request(1, end=False))
    assert server.say(request(3, more=remembered)) == [(0x3, 0, 3, frames.REFUSED_STREAM.to_bytes(4, "big"))]
    server.say(frames.rst_stream(1, 8), request(5, more=b"\xbe"))
    assert server.side.taken[-1].headers[0][-1] == ("name", "value")


def test_answers_with_the_wrong_frames_reach_the_caller_or_end_the_connection() -> None:
    client = ByHand(client=True)
    call = client.side.call()
    client.say(frame(frames.HEADERS, 4, 1, literals(ANSWER)), data(1, b"x", end=True))
    assert (call.headers, bytes(call.body), call.ended) == ([ANSWER], b"x", True)
    assert client.connection.streams == {}


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(st.binary(max_size=60), max_size=20))
def test_no_octets_break_more_than_their_connection(client: bool, said: list[bytes]) -> None:
    by_hand = ByHand(client=client)
    if client:
        by_hand.side.call()
    try:
        by_hand.say(*said)
    except ConnectionFault:
        assert read_frames(by_hand.connection.take())[-1][0] == frames.GOAWAY


FRAMES = st.builds(
    frame,
    st.integers(0, 10),
    st.integers(0, 255) | st.sampled_from([0, 1, 4, 5]),
    st.sampled_from([0, 1, 2, 3, 5, 7]),
    st.binary(max_size=12) | st.sampled_from([BLOCK, bytes(4), bytes(5), bytes(6), bytes(8), b"\0\0\0\1"]),
)


@settings(max_examples=500, deadline=None)
@given(st.booleans(), st.lists(FRAMES, max_size=30))
def test_no_frames_break_more_than_their_connection(client: bool, said: list[bytes]) -> None:
    by_hand = ByHand(client=client)
    if client:
        by_hand.side.call()
    try:
        by_hand.say(*said)
    except ConnectionFault:
        assert by_hand.connection.closing
