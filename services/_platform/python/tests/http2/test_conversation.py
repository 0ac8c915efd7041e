"""Whole conversations between our two sides, in whatever pieces the network makes of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from meshkit.http2 import frames
from meshkit.http2.headers import literals
from services._platform.python.tests.http2.pair import ANSWER, REQUEST, Pair, Recorder

SIZES = st.integers(0, 100) | st.sampled_from([16_383, 16_384, 16_385, 65_535, 65_536, 150_000])


def answer(taken: Recorder, body: bytes, *, piece: int) -> None:
    """Headers, the body in pieces, trailers."""
    taken.stream.headers(literals(ANSWER))
    for start in range(0, len(body), piece):
        taken.stream.data(body[start : start + piece])
    taken.stream.trailers(literals([("grpc-status", "0")]))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_answer_arrives_whole_in_any_chunks(drawn: st.DataObject) -> None:
    sizes = drawn.draw(st.lists(st.sampled_from([1, 2, 9, 10, 1000, 70_000]), min_size=1, max_size=8))
    turns = iter(range(10**9))
    pair = Pair(lambda: sizes[next(turns) % len(sizes)])
    calls = [
        (pair.client.call(b"q" * question), question, wanted)
        for question, wanted in drawn.draw(st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=5))
    ]
    pair.settle()
    piece = drawn.draw(st.sampled_from([7_000, 16_384, 100_000]))
    order = drawn.draw(st.permutations(range(len(calls))))
    for place in order:
        answer(pair.server.taken[place], b"a" * calls[place][2], piece=piece)
    pair.settle()
    for taken, (call, question, wanted) in zip(pair.server.taken, calls, strict=True):
        assert taken.headers == [REQUEST]
        assert (bytes(taken.body), taken.ended) == (b"q" * question, True)
        assert call.headers == [ANSWER, [("grpc-status", "0")]]
        assert (bytes(call.body), call.ended) == (b"a" * wanted, True)
    assert pair.client.connection.streams == pair.server.connection.streams == {}


def test_headers_larger_than_a_frame_go_in_several() -> None:
    pair = Pair()
    large = [(f"key-{number}", "v" * 1_000) for number in range(40)]
    call = pair.client.call()
    pair.settle()
    pair.server.taken[0].stream.headers(literals(ANSWER + large))
    pair.server.taken[0].stream.trailers(literals(large))
    pair.settle()
    assert call.headers == [ANSWER + large, large]


def test_a_table_size_that_shrinks_is_heeded_by_the_very_next_block() -> None:
    pair = Pair()
    call = pair.client.call()
    pair.settle()
    stream, encoder = pair.server.taken[0].stream, pair.server.connection.encoder
    stream.headers(encoder.lasting("first", ANSWER))
    pair.client.connection.write(frames.settings({frames.HEADER_TABLE_SIZE: 0}))
    pair.settle()
    stream.trailers(literals([("grpc-status", "0")]))
    block = pair.server.connection.take()
    assert block[frames.HEAD_SIZE] == 0x20  # the new size stands first, section 4.2 of RFC 7541
    pair.client.connection.feed(block)
    assert call.headers[-1] == [("grpc-status", "0")]


def test_a_reset_reaches_the_other_side_once_and_leaves_nothing() -> None:
    pair = Pair()
    call = pair.client.call(b"x", end=False)
    pair.settle()
    call.stream.reset(frames.CANCEL)
    call.stream.reset(frames.CANCEL)
    call.stream.data(b"too late", end=True)
    call.stream.trailers(literals(ANSWER))
    pair.settle()
    assert pair.server.taken[0].resets == [(frames.CANCEL, False)]
    assert call.resets == []
    assert pair.client.connection.streams == pair.server.connection.streams == {}


def test_streams_learn_that_their_connection_is_gone() -> None:
    pair = Pair()
    call = pair.client.call()
    pair.settle()
    for side in (pair.client, pair.server):
        side.connection.lost()
    assert call.resets == pair.server.taken[0].resets == [(frames.CONNECTION_LOST, False)]
    assert not pair.client.connection.has_room
