"""Seals payment tokens while a workflow keeps them, so that a copy of the database does not hold any."""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class TokenSeal:
    """AES-256-GCM, bound to the order. All replicas need the same `secret` (any text; its SHA-256 is the key)."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"banyan order token\0" + secret.encode()).digest())

    def seal(self, order_id: str, token: str | None) -> bytes | None:
        """The token, unreadable without the secret; None stays None."""
        if token is None:
            return None
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, token.encode(), order_id.encode())

    def open(self, order_id: str, sealed: bytes | None) -> str | None:
        """The token again; None when there is none, or the secret is not the one that it was sealed with."""
        if sealed is None:
            return None
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, order_id.encode()).decode()
        except InvalidTag:
            return None
