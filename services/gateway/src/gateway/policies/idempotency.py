"""The Idempotency-Key header of a mutation: a repeat with the same key has its effect once."""

from __future__ import annotations

import re
from typing import Final

from banyan.options.v1 import options_pb2
from gateway.transcode.errors import RequestError
from meshkit.clock import uuid7

HEADER: Final = b"idempotency-key"
_KEY: Final = re.compile(rb"[\x21-\x7e]{1,128}")
REQUIRED: Final = int(options_pb2.IDEMPOTENCY_REQUIRED)
WHEN_GIVEN: Final = int(options_pb2.IDEMPOTENCY_WHEN_GIVEN)


def request_id(policy: int, header: bytes | None) -> str:
    """The request id of a mutation: the key, else a fresh UUIDv7, or none at all for WHEN_GIVEN.

    Raises RequestError IDEMPOTENCY_KEY_REQUIRED and IDEMPOTENCY_KEY_INVALID.
    """
    if header is None:
        if policy == REQUIRED:
            raise RequestError(
                400, "IDEMPOTENCY_KEY_REQUIRED", "this request needs an Idempotency-Key header"
            )
        return "" if policy == WHEN_GIVEN else uuid7()
    if not _KEY.fullmatch(header):
        raise RequestError(
            400,
            "IDEMPOTENCY_KEY_INVALID",
            "an Idempotency-Key is 1 to 128 visible ASCII characters",
            [("Idempotency-Key", "must be 1 to 128 visible ASCII characters")],
        )
    return header.decode()
