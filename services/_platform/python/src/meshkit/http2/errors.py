"""What a peer did wrong."""

from __future__ import annotations


class ConnectionFault(Exception):
    """The connection cannot go on; `code` is the error code to part with."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class StreamFault(Exception):
    """One stream cannot go on; `code` is the error code to reset it with."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
