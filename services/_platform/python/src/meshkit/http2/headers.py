"""Header blocks of RFC 7541 (HPACK).

The library `hpack` has the tables and the Huffman code; the loops are ours because its own cost 20 to 30 us a block,
a third of a call. Tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hpack.exceptions import HPACKDecodingError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault

Pairs = list[tuple[str, str]]

MAX_LIST_SIZE: Final = 64 * 1024
"""The most that the headers of one block may be together, by RFC 9113's count (32 octets an entry on top)."""
_ENTRY_OVERHEAD: Final = 32
_STATIC: Final = tuple((name.decode(), value.decode()) for name, value in HeaderTable.STATIC_TABLE)
_STATIC_COUNT: Final = len(_STATIC)
_STATIC_PAIRS: Final = {pair: number for number, pair in reversed(list(enumerate(_STATIC, 1)))}
_STATIC_NAMES: Final = {name: number for number, (name, _) in reversed(list(enumerate(_STATIC, 1)))}


class Decoder:
    """Reads the blocks of one direction of a connection, in order."""

    def __init__(self) -> None:
        self._dynamic: Pairs = []  # the newest entry first
        self._size = 0
        self._capacity = frames.DEFAULT_TABLE_SIZE

    def decode(self, block: bytes) -> Pairs:
        """The headers of a block, in order. Raises ConnectionFault, after which nothing more can be read."""
        try:
            return self._decode(block)
        except (IndexError, UnicodeDecodeError, HPACKDecodingError) as error:
            raise ConnectionFault(frames.COMPRESSION_ERROR, "malformed header block") from error

    def _decode(self, block: bytes) -> Pairs:
        found: Pairs = []
        position, end, room = 0, len(block), MAX_LIST_SIZE
        while position < end:
            first = block[position]
            if first & 0x80:
                index, position = _integer(block, position, 0x7F)
                pair = self._entry(index)
            elif first & 0x40:
                pair, position = self._literal(block, position, 0x3F)
                self._add(pair)
            elif first & 0x20:
                if found:
                    raise ConnectionFault(frames.COMPRESSION_ERROR, "a table size update after a header")
                capacity, position = _integer(block, position, 0x1F)
                self._resize(capacity)
                continue
            else:
                pair, position = self._literal(block, position, 0x0F)
            room -= len(pair[0]) + len(pair[1]) + _ENTRY_OVERHEAD
            if room < 0:
                raise ConnectionFault(frames.ENHANCE_YOUR_CALM, "the headers are too large")
            found.append(pair)
        return found

    def _entry(self, index: int) -> tuple[str, str]:
        if index == 0:
            raise IndexError(index)
        return _STATIC[index - 1] if index <= _STATIC_COUNT else self._dynamic[index - _STATIC_COUNT - 1]

    def _literal(self, block: bytes, position: int, mask: int) -> tuple[tuple[str, str], int]:
        index, position = _integer(block, position, mask)
        if index:
            name = self._entry(index)[0]
        else:
            name, position = _string(block, position)
        value, position = _string(block, position)
        return (name, value), position

    def _add(self, pair: tuple[str, str]) -> None:
        self._dynamic.insert(0, pair)
        self._size += len(pair[0]) + len(pair[1]) + _ENTRY_OVERHEAD
        self._evict()

    def _resize(self, capacity: int) -> None:
        if capacity > frames.DEFAULT_TABLE_SIZE:
            raise ConnectionFault(frames.COMPRESSION_ERROR, "a header table larger than agreed")
        self._capacity = capacity
        self._evict()

    def _evict(self) -> None:
        while self._size > self._capacity:
            name, value = self._dynamic.pop()
            self._size -= len(name) + len(value) + _ENTRY_OVERHEAD


class Encoder:
    """Writes the blocks of one direction of a connection, in order.

    Headers that come with every call are put into the peer's table until it is full and cost one octet from then on;
    nothing is ever pushed out of it, so that its state stays simple.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}
        self._count = 0
        self._room = frames.DEFAULT_TABLE_SIZE
        self._announce = False
        self._blocks: dict[str, bytes] = {}

    def limit(self, size: int) -> None:
        """Heeds the peer's SETTINGS_HEADER_TABLE_SIZE: with a table smaller than the usual one we use none."""
        if size < frames.DEFAULT_TABLE_SIZE:
            self._known.clear()
            self._blocks.clear()
            self._room, self._announce = 0, True

    def lasting(self, key: str, pairs: Sequence[tuple[str, str]]) -> bytes:
        """A block of headers that will be sent again under the same `key`; to be sent at once, and first of all."""
        known = self._blocks.get(key)
        if known is not None:
            return known
        count = self._count
        block = b"".join([self._lasting(pair) for pair in pairs])
        if self._count != count:  # places in the table have moved
            self._blocks.clear()
        else:
            self._blocks[key] = block
        return block

    def _lasting(self, pair: tuple[str, str]) -> bytes:
        if pair in _STATIC_PAIRS:
            return bytes((0x80 | _STATIC_PAIRS[pair],))
        if pair in self._known:
            return _number(_STATIC_COUNT + self._count - self._known[pair], 0x7F, 0x80)
        size = len(pair[0]) + len(pair[1]) + _ENTRY_OVERHEAD
        if size > self._room:
            return _written(pair, 0x0F, 0x00)
        self._known[pair] = self._count
        self._count += 1
        self._room -= size
        return _written(pair, 0x3F, 0x40)

    def announcement(self) -> bytes:
        """What must stand before the next block, whichever it is; mostly nothing."""
        if not self._announce:
            return b""
        self._announce = False
        return b"\x20"


def literals(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A block that depends on no table, to be prepared at any time. Raises ValueError for what no header can hold."""
    return b"".join([_written(pair, 0x0F, 0x00) for pair in pairs])


def _written(pair: tuple[str, str], mask: int, mark: int) -> bytes:
    name, value = pair
    if not value.isprintable():
        raise ValueError(f"the header {name} has a value with control characters")
    index = _STATIC_NAMES.get(name, 0)
    text = value.encode("latin-1")
    head = _number(index, mask, mark)
    if not index:
        written = name.encode("ascii")
        head += _number(len(written), 0x7F, 0) + written
    return head + _number(len(text), 0x7F, 0) + text


def _number(value: int, mask: int, mark: int) -> bytes:
    """An integer behind the bits of `mark`, section 5.1."""
    if value < mask:
        return bytes((mark | value,))
    octets = [mark | mask]
    value -= mask
    while value >= 0x80:
        octets.append(0x80 | (value & 0x7F))
        value >>= 7
    octets.append(value)
    return bytes(octets)


def _integer(block: bytes, position: int, mask: int) -> tuple[int, int]:
    value = block[position] & mask
    position += 1
    if value < mask:
        return value, position
    shift = 0
    while True:
        octet = block[position]
        position += 1
        value += (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            return value, position
        if shift > 28:
            raise IndexError("an integer beyond 32 bits")


def _string(block: bytes, position: int) -> tuple[str, int]:
    huffman = block[position] & 0x80
    length, position = _integer(block, position, 0x7F)
    end = position + length
    if end > len(block):
        raise IndexError(end)
    raw = block[position:end]
    return (bytes(decode_huffman(raw)) if huffman else raw).decode("latin-1"), end
