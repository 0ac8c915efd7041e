"""The peer's settings, and the acknowledgement of each."""

from __future__ import annotations

import pytest

from meshkit.http2 import frames
from services._platform.python.tests.http2.pair import ByHand, Side, frame, read_frames

ACK = (frames.SETTINGS, frames.ACK, 0, b"")


def test_each_frame_is_acknowledged_whatever_it_names() -> None:
    assert ByHand().say(frames.settings({0xABC: 7}), frames.settings({})) == [ACK, ACK]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (frames.ENABLE_PUSH, 2, frames.PROTOCOL_ERROR),
        (frames.INITIAL_WINDOW_SIZE, 2**31, frames.FLOW_CONTROL_ERROR),
        (frames.MAX_FRAME_SIZE, 0, frames.PROTOCOL_ERROR),
        (frames.MAX_FRAME_SIZE, 16_383, frames.PROTOCOL_ERROR),
        (frames.MAX_FRAME_SIZE, 2**24, frames.PROTOCOL_ERROR),
    ],
)
def test_values_out_of_range(name: int, value: int, code: int) -> None:
    for client in (True, False):
        assert ByHand(client=client).fault(frames.settings({name: value})) == code


def test_a_server_that_wants_to_be_pushed_to_is_none() -> None:
    assert ByHand(client=True).fault(frames.settings({frames.ENABLE_PUSH: 1})) == frames.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("flags", "number", "payload", "code"),
    [
        (0, 1, b"", frames.PROTOCOL_ERROR),
        (0, 0, b"12345", frames.FRAME_SIZE_ERROR),
        (frames.ACK, 0, b"123456", frames.FRAME_SIZE_ERROR),
    ],
)
def test_misshapen_frames(flags: int, number: int, payload: bytes, code: int) -> None:
    assert ByHand().fault(frame(frames.SETTINGS, flags, number, payload)) == code


def test_our_own_settings() -> None:
    for client in (True, False):
        said = Side(client=client).connection.take().removeprefix(frames.PREFACE)
        settings, window = read_frames(said)
        values = dict(frames.read_settings(settings[3]))
        assert values[frames.INITIAL_WINDOW_SIZE] == 2**20
        assert (frames.MAX_CONCURRENT_STREAMS in values) is not client
        assert values.get(frames.ENABLE_PUSH) == (0 if client else None)
        assert window[:3] == (frames.WINDOW_UPDATE, 0, 0)
