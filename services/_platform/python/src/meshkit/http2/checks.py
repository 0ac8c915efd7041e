"""What a frame must look like before anything in it is believed."""

from __future__ import annotations

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault


def of_size(payload: bytes, size: int) -> None:
    """Raises ConnectionFault for any other size."""
    if len(payload) != size:
        message = f"a payload of {len(payload)} octets instead of {size}"
        raise ConnectionFault(frames.FRAME_SIZE_ERROR, message)


def for_connection(number: int) -> None:
    """Raises ConnectionFault for a frame on a stream that belongs on stream 0."""
    if number:
        raise ConnectionFault(frames.PROTOCOL_ERROR, "a frame for the connection on a stream")


def unpadded(payload: bytes) -> bytes:
    """What lies before the padding. Raises ConnectionFault when there is more of it than payload."""
    if not payload or payload[0] >= len(payload):
        raise ConnectionFault(frames.PROTOCOL_ERROR, "more padding than payload")
    return payload[1 : len(payload) - payload[0]]
