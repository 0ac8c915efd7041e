"""Windows: nobody sends more than the other takes, and whoever waits goes on as soon as there is room."""

from __future__ import annotations

import pytest

from meshkit.http2 import frames
from meshkit.http2.connection import CONNECTION_WINDOW, STREAM_WINDOW
from meshkit.http2.headers import literals
from services._platform.python.tests.http2.pair import (
    ANSWER,
    ByHand,
    Pair,
    data,
    frame,
    read_frames,
    request,
)

TRAILERS = literals([("grpc-status", "0")])


def sent(by_hand: ByHand) -> int:
    """Octets of data that it sends now."""
    return total(by_hand.connection.take())


def total(taken: bytes) -> int:
    """Octets of data among frames."""
    return sum(len(payload) for kind, _, _, payload in read_frames(taken) if kind == frames.DATA)


def answering(by_hand: ByHand, number: int, size: int) -> None:
    """A request, and an answer of `size` octets with its trailers."""
    by_hand.connection.feed(request(number))
    stream = by_hand.side.taken[-1].stream
    stream.headers(literals(ANSWER))
    stream.data(b"x" * size)
    stream.trailers(TRAILERS)


def test_the_streams_window_holds_data_and_trailers_back() -> None:
    server = ByHand()
    answering(server, 1, 100_000)
    assert sent(server) == frames.DEFAULT_WINDOW
    assert server.say(frames.window_update(0, 2**20)) == []
    last = server.say(frames.window_update(1, 2**20))
    assert [kind for kind, *_ in last][-1] == frames.HEADERS
    assert sum(len(payload) for kind, _, _, payload in last if kind == frames.DATA) == 34_465
    assert server.side.taken[0].drained == 1
    assert server.connection.streams == {}


def test_the_connections_window_is_shared_and_the_first_to_wait_goes_on_first() -> None:
    server = ByHand()
    server.connection.feed(frames.settings({frames.INITIAL_WINDOW_SIZE: 2**20}))
    for number in (1, 3, 5):
        answering(server, number, 60_000)
    assert sent(server) == frames.DEFAULT_WINDOW
    answered = server.say(frames.window_update(0, 60_000))
    assert {number for _, _, number, _ in answered} == {3, 5}
    assert sum(len(payload) for kind, _, _, payload in answered if kind == frames.DATA) == 60_000
    server.say(frames.window_update(0, 60_000))
    assert server.connection.streams == {}


def test_a_window_made_smaller_goes_below_nothing_and_must_be_paid_up_first() -> None:
    server = ByHand()
    answering(server, 1, 100_000)
    assert sent(server) == 65_535
    server.say(frames.window_update(0, 2**20), frames.settings({frames.INITIAL_WINDOW_SIZE: 1_000}))
    assert server.side.taken[0].stream.send_window == 1_000 - 65_535
    server.connection.feed(frames.window_update(1, 64_535))
    assert sent(server) == 0
    server.connection.feed(frames.window_update(1, 1))
    assert sent(server) == 1
    server.connection.feed(frames.settings({frames.INITIAL_WINDOW_SIZE: 11_000}))
    assert sent(server) == 10_000


def test_data_that_a_larger_window_allows_comes_after_its_acknowledgement() -> None:
    server = ByHand()
    server.say(frames.settings({frames.INITIAL_WINDOW_SIZE: 0}))
    answering(server, 1, 100)
    server.connection.take()
    answered = server.say(frames.settings({frames.INITIAL_WINDOW_SIZE: 1_000}))
    assert [kind for kind, *_ in answered] == [frames.SETTINGS, frames.DATA, frames.HEADERS]


def test_new_streams_begin_with_the_new_window() -> None:
    server = ByHand()
    server.say(frames.settings({frames.INITIAL_WINDOW_SIZE: 10}))
    answering(server, 1, 100)
    assert sent(server) == 10
    server.connection.feed(frames.settings({frames.INITIAL_WINDOW_SIZE: 0}))
    answering(server, 3, 100)
    assert sent(server) == 0


def test_an_empty_message_needs_no_window() -> None:
    server = ByHand()
    server.say(frames.settings({frames.INITIAL_WINDOW_SIZE: 0}))
    answering(server, 1, 0)
    assert [kind for kind, *_ in read_frames(server.connection.take())] == [0x1, 0x0, 0x1]


def test_frames_are_no_larger_than_the_peer_takes() -> None:
    server = ByHand()
    answering(server, 1, 40_000)
    assert max(len(payload) for *_, payload in read_frames(server.connection.take())) == 16_384
    server.say(frames.settings({frames.MAX_FRAME_SIZE: 30_000}), frames.window_update(0, 2**20))
    answering(server, 3, 40_000)
    assert max(len(payload) for *_, payload in read_frames(server.connection.take())) == 30_000


def test_a_stream_that_is_reset_lets_the_others_go_on() -> None:
    server = ByHand()
    server.connection.feed(frames.settings({frames.INITIAL_WINDOW_SIZE: 2**20}))
    answering(server, 1, 100_000)
    answering(server, 3, 1_000)
    server.connection.take()
    server.connection.feed(frames.rst_stream(1, frames.CANCEL))
    server.connection.feed(frames.window_update(0, 2_000))
    assert sent(server) == 1_000
    assert server.connection.streams == {}


@pytest.mark.parametrize("padding", [0, 1, 200])
def test_padding_counts_and_is_paid_back(padding: int) -> None:
    server = ByHand()
    server.say(request(1, end=False))
    piece = frame(
        frames.DATA, frames.PADDED, 1, bytes((padding,)) + b"y" * (16_000 - padding - 1) + bytes(padding)
    )
    paid = 0
    for _ in range(200):  # three windows full
        paid += sum(
            int.from_bytes(payload, "big")
            for kind, _, number, payload in server.say(piece)
            if kind == frames.WINDOW_UPDATE and number == 1
        )
    assert len(server.side.taken[0].body) == 200 * (16_000 - padding - 1)
    assert server.side.taken[0].resets == []
    assert paid + STREAM_WINDOW // 2 > 200 * 16_000 >= paid


def test_data_beyond_the_streams_window_ends_the_stream_alone() -> None:
    server = ByHand()
    server.side.pays = False
    server.say(request(1, end=False), request(3, end=False))
    answered = [each for _ in range(66) for each in server.say(data(1, bytes(16_000)))]
    assert answered == [(frames.RST_STREAM, 0, 1, frames.FLOW_CONTROL_ERROR.to_bytes(4, "big"))]
    assert server.side.taken[0].resets == [(frames.FLOW_CONTROL_ERROR, False)]
    server.say(data(3, b"z", end=True))
    assert server.side.taken[1].ended


def test_data_beyond_the_connections_window_ends_the_connection() -> None:
    server = ByHand()
    server.connection._window = 10_000
    server.say(request(1, end=False))
    assert server.fault(data(1, bytes(10_001))) == frames.FLOW_CONTROL_ERROR


def test_data_of_streams_that_are_over_still_counts_for_the_connection() -> None:
    server = ByHand()
    server.say(request(1, end=False))
    server.side.taken[0].stream.reset()
    server.connection.take()
    pieces = CONNECTION_WINDOW // 2 // 16_000 + 1
    answered = [each for _ in range(pieces) for each in server.say(data(1, bytes(16_000)))]
    assert [(kind, number) for kind, _, number, _ in answered] == [(frames.WINDOW_UPDATE, 0)]


def test_a_reader_that_does_not_pay_is_sent_no_more_than_its_window() -> None:
    pair = Pair()
    pair.client.pays = False
    call = pair.client.call()
    pair.settle()
    stream = pair.server.taken[0].stream
    stream.headers(literals(ANSWER))
    stream.data(b"x" * 3 * STREAM_WINDOW)
    pair.settle()
    assert len(call.body) == STREAM_WINDOW
    assert stream.blocked
    while len(call.body) < 3 * STREAM_WINDOW:
        before = len(call.body)
        call.stream.credit(STREAM_WINDOW // 2)
        pair.settle()
        assert len(call.body) > before
    assert not stream.blocked


@pytest.mark.parametrize(
    ("increment", "code"), [(0, frames.PROTOCOL_ERROR), (2**31 - 1, frames.FLOW_CONTROL_ERROR)]
)
def test_window_updates_out_of_range(increment: int, code: int) -> None:
    server = ByHand()
    server.say(request(1, end=False))
    assert server.say(frames.window_update(1, increment)) == [(0x3, 0, 1, code.to_bytes(4, "big"))]
    assert server.side.taken[0].resets == [(code, False)]
    assert ByHand().fault(frames.window_update(0, increment)) == code


def test_a_setting_must_not_push_a_window_out_of_range() -> None:
    server = ByHand()
    server.say(request(1, end=False), frames.window_update(1, 2**31 - 1 - 65_535))
    raised = server.fault(frames.settings({frames.INITIAL_WINDOW_SIZE: 65_536}))
    assert raised == frames.FLOW_CONTROL_ERROR
