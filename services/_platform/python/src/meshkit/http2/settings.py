"""The peer's SETTINGS, held to RFC 9113 6.5.2."""

from __future__ import annotations

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault


def read(payload: bytes, *, from_server: bool) -> list[tuple[int, int]]:
    """The pairs of a frame, unknown names included. Raises ConnectionFault for values out of range."""
    if len(payload) % 6:
        raise ConnectionFault(frames.FRAME_SIZE_ERROR, "torn settings")
    pairs = frames.read_settings(payload)
    for name, value in pairs:
        _check(name, value, from_server=from_server)
    return pairs


def _check(name: int, value: int, *, from_server: bool) -> None:
    if name == frames.INITIAL_WINDOW_SIZE and value > frames.LARGEST_WINDOW:
        raise ConnectionFault(frames.FLOW_CONTROL_ERROR, f"a window of {value} octets")
    if name == frames.MAX_FRAME_SIZE and not frames.DEFAULT_FRAME_SIZE <= value <= frames.LARGEST_FRAME_SIZE:
        raise ConnectionFault(frames.PROTOCOL_ERROR, f"frames of {value} octets")
    if name == frames.ENABLE_PUSH and value > (0 if from_server else 1):
        raise ConnectionFault(frames.PROTOCOL_ERROR, f"a push setting of {value}")
