"""Our header blocks and the library's, read by each other; what is malformed is refused."""

from __future__ import annotations

from typing import Any

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault
from meshkit.http2.headers import MAX_LIST_SIZE, Decoder, Encoder, literals

NAMES = st.sampled_from([":path", ":status", "content-type", "grpc-status", "te", "cookie"]) | st.text(
    "abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=20
)
VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    | st.characters(min_codepoint=0xA1, max_codepoint=0xAC),
    max_size=60,
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=12)
BIG = st.tuples(NAMES, st.integers(1000, 5000).map("x".__mul__))


def read_raw(decoder: Any, block: bytes) -> list[tuple[str, str]]:
    """What the library reads, as we count it: latin-1, no judgement of the text."""
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in decoder.decode(block, raw=True)
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            PAIRS | st.lists(BIG, max_size=3), st.booleans(), st.lists(st.integers(0, 4096), max_size=2)
        ),
        max_size=12,
    )
)
def test_we_read_what_the_library_writes(blocks: list[tuple[list[tuple[str, str]], bool, list[int]]]) -> None:
    theirs, ours = hpack.Encoder(), Decoder()
    for pairs, huffman, sizes in blocks:
        for size in sizes:
            theirs.header_table_size = size
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        assert ours.decode(theirs.encode(encoded, huffman=huffman)) == pairs


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), PAIRS, st.none() | st.sampled_from([0, 100, 4096])),
        max_size=20,
    ),
    st.fixed_dictionaries({key: PAIRS | st.lists(BIG, max_size=3) for key in "abc"}),
)
def test_the_library_reads_what_we_write(
    calls: list[tuple[str, list[tuple[str, str]], int | None]], lasting: dict[str, list[tuple[str, str]]]
) -> None:
    ours, theirs = Encoder(), hpack.Decoder()
    for key, own, limit in calls:
        if limit is not None:  # the peer's setting; the library insists on hearing of it in the next block
            theirs.max_allowed_table_size = limit
            ours.limit(limit)
        block = ours.lasting(key, lasting[key]) + literals(own)
        assert read_raw(theirs, ours.announcement() + block) == lasting[key] + own


def test_repeated_headers_cost_one_octet_each_until_the_peer_wants_no_table() -> None:
    ours, pairs = Encoder(), [("content-type", "application/grpc"), ("te", "trailers"), (":method", "POST")]
    first, second, third = (ours.lasting("key", pairs) for _ in range(3))
    assert len(second) == len(third) == 3 < len(first)
    ours.limit(0)
    assert ours.announcement() == b"\x20"
    assert ours.announcement() == b""
    assert len(ours.lasting("key", pairs)) > 3


def test_a_table_that_is_full_takes_no_more() -> None:
    ours, theirs = Encoder(), hpack.Decoder()
    for number in range(200):
        pairs = [(f"name-{number}", "v" * 50), ("name-0", "v" * 50)]
        assert read_raw(theirs, ours.lasting(str(number), pairs)) == pairs


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(b"\x80", id="index 0"),
        pytest.param(b"\xff\x80\x01", id="an index beyond both tables"),
        pytest.param(b"\xbe", id="an index into an empty table"),
        pytest.param(b"\x40", id="a literal without a name"),
        pytest.param(b"\x40\x05ab", id="a name cut short"),
        pytest.param(b"\x40\x01a", id="a literal without a value"),
        pytest.param(b"\x40\x01a\x05b", id="a value cut short"),
        pytest.param(b"\xff", id="an integer cut short"),
        pytest.param(b"\xff\x80\x80\x80\x80\x80\x80\x01", id="an integer without an end"),
        pytest.param(b"\x40\x01a\x7f\xff\xff\xff\xff\x7f", id="a length of gigabytes"),
        pytest.param(b"\x40\x01a\x81\xff\xff", id="the end of string in a Huffman code"),
        pytest.param(b"\x40\x01a\x81\x00", id="wrong padding of a Huffman code"),
        pytest.param(b"\x3f\xe2\x1f", id="a table larger than agreed"),
        pytest.param(b"\x82\x20", id="a table size after a header"),
    ],
)
def test_malformed_blocks_are_refused(block: bytes) -> None:
    with pytest.raises(ConnectionFault) as raised:
        Decoder().decode(block)
    assert raised.value.code == frames.COMPRESSION_ERROR


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=4))
def test_any_octets_are_read_as_the_library_reads_them_or_refused(blocks: list[bytes]) -> None:
    ours, theirs = Decoder(), hpack.Decoder(max_header_list_size=MAX_LIST_SIZE)
    for block in blocks:
        try:
            read = ours.decode(block)
        except ConnectionFault:
            return
        assert read == read_raw(theirs, block)


def test_the_list_has_a_limit_however_short_the_block() -> None:
    ours = Decoder()
    ours.decode(literals([("a", "x" * 4000)]).replace(b"\x00", b"\x40", 1))
    assert len(ours.decode(b"\xbe" * 16)) == 16
    with pytest.raises(ConnectionFault) as raised:
        ours.decode(b"\xbe" * 17)
    assert raised.value.code == frames.ENHANCE_YOUR_CALM


@pytest.mark.parametrize("value", ["two\r\nlines", "a\0zero", "a\ttab", "\x7f"])
def test_what_no_header_can_hold_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match="control"):
        literals([("a", value)])


def test_text_beyond_latin_is_not_written() -> None:
    with pytest.raises(ValueError, match="latin-1"):
        literals([("a", "\N{GREEK SMALL LETTER ALPHA}")])
