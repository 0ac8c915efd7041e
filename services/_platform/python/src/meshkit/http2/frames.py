"""Frames of RFC 9113: their names, limits and layout."""

from __future__ import annotations

import struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first, section 3.4."""

DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
WITH_PRIORITY: Final = 0x20

HEADER_TABLE_SIZE: Final = 0x1
ENABLE_PUSH: Final = 0x2
MAX_CONCURRENT_STREAMS: Final = 0x3
INITIAL_WINDOW_SIZE: Final = 0x4
MAX_FRAME_SIZE: Final = 0x5
MAX_HEADER_LIST_SIZE: Final = 0x6

DEFAULT_WINDOW: Final = 65_535
DEFAULT_FRAME_SIZE: Final = 16_384
DEFAULT_TABLE_SIZE: Final = 4_096
LARGEST_WINDOW: Final = 2**31 - 1
LARGEST_STREAM_ID: Final = 2**31 - 1
LARGEST_FRAME_SIZE: Final = 2**24 - 1

NO_ERROR: Final = 0x0
PROTOCOL_ERROR: Final = 0x1
INTERNAL_ERROR: Final = 0x2
FLOW_CONTROL_ERROR: Final = 0x3
STREAM_CLOSED: Final = 0x5
FRAME_SIZE_ERROR: Final = 0x6
REFUSED_STREAM: Final = 0x7
CANCEL: Final = 0x8
COMPRESSION_ERROR: Final = 0x9
ENHANCE_YOUR_CALM: Final = 0xB
INADEQUATE_SECURITY: Final = 0xC
CONNECTION_LOST: Final = -1
"""No code of the protocol: how a stream ends whose connection is gone."""

HEAD: Final = struct.Struct(">HBBBI")
"""Length (upper two octets, then the lowest), type, flags, stream id."""
HEAD_SIZE: Final = HEAD.size
_UINT32: Final = struct.Struct(">I")
_SETTING: Final = struct.Struct(">HI")
_GOAWAY: Final = struct.Struct(">II")


def head(length: int, kind: int, flags: int, stream_id: int) -> bytes:
    """The nine octets before a payload of `length`."""
    return HEAD.pack(length >> 8, length & 0xFF, kind, flags, stream_id)


def settings(values: dict[int, int]) -> bytes:
    """A SETTINGS frame."""
    payload = b"".join(_SETTING.pack(name, value) for name, value in values.items())
    return head(len(payload), SETTINGS, 0, 0) + payload


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """The pairs of a SETTINGS payload; its length must be a multiple of six."""
    return list(_SETTING.iter_unpack(payload))


def window_update(stream_id: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame; stream 0 is the connection."""
    return head(4, WINDOW_UPDATE, 0, stream_id) + _UINT32.pack(increment)


def rst_stream(stream_id: int, code: int) -> bytes:
    """A RST_STREAM frame."""
    return head(4, RST_STREAM, 0, stream_id) + _UINT32.pack(code)


def ping(payload: bytes, *, ack: bool = False) -> bytes:
    """A PING frame with eight octets."""
    return head(8, PING, ACK if ack else 0, 0) + payload


def goaway(last_stream_id: int, code: int, message: bytes = b"") -> bytes:
    """A GOAWAY frame."""
    return head(8 + len(message), GOAWAY, 0, 0) + _GOAWAY.pack(last_stream_id, code) + message


def read_goaway(payload: bytes) -> tuple[int, int, bytes]:
    """The last stream id, the error code and the debug data of a GOAWAY payload of eight octets or more."""
    last, code = _GOAWAY.unpack_from(payload)
    return last & LARGEST_STREAM_ID, code, payload[8:]


def read_uint32(payload: bytes) -> int:
    """The number in a payload of four octets."""
    return int(_UINT32.unpack(payload)[0])
