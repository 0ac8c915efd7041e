"""Ed25519 keys and the access tokens they sign."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
from joserfc import jwt
from joserfc.jwk import OKPKey

from meshkit.clock import Clock
from user.app.ports import Accounts, AccountWriter
from user.domain.session import ACCESS_TOKEN_LIFE
from user.domain.signing_key import SigningKey
from user.domain.user import User

ISSUER: Final = "banyan"
AUDIENCE: Final = "banyan"
# RFC 9864's name; the older one, EdDSA, is deprecated there. The gateway accepts both.
ALGORITHM: Final = "Ed25519"


def new_key(now: datetime) -> SigningKey:
    """A fresh key pair; its id is the JWK thumbprint (RFC 7638)."""
    return _kept(OKPKey.generate_key("Ed25519"), now)


def key_from_file(path: Path, now: datetime) -> SigningKey:
    """The key pair in a PEM or JWK file. Raises ValueError when there is no private Ed25519 key in it."""
    text = path.read_text()
    key = OKPKey.import_key(orjson.loads(text) if text.lstrip().startswith("{") else text)
    if not key.is_private or key.curve_name != "Ed25519":
        raise ValueError(f"{path} holds no private Ed25519 key")
    return _kept(key, now)


def public_jwk(key: SigningKey) -> dict[str, str]:
    """What verifiers need, never the private part."""
    public = OKPKey.import_key(orjson.loads(key.private_jwk)).as_dict(private=False)
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": str(public["x"]),
        "kid": key.kid,
        "use": "sig",
        "alg": ALGORITHM,
    }


def _kept(key: OKPKey, now: datetime) -> SigningKey:
    private = orjson.dumps(key.as_dict(private=True)).decode()
    return SigningKey(kid=key.thumbprint(), private_jwk=private, created_at=now)


class KeyRing:
    """The keys as of a few seconds ago: what signs, and what is published. A component that keeps itself fresh."""

    name = "key-ring"

    def __init__(self, accounts: Accounts, clock: Clock, key_file: Path | None) -> None:
        self._accounts = accounts
        self._clock = clock
        self._key_file = key_file
        self._keys: list[SigningKey] = []
        self._signing: OKPKey | None = None
        self._ready = asyncio.Lock()

    async def ensure(self) -> None:
        """Readiness: there is a key to sign with; makes the first one, or takes the one of the file."""
        async with self._ready:
            if self._signing is not None:
                return
            now = self._clock.now()
            given = key_from_file(self._key_file, now) if self._key_file else None
            await self.refresh()
            if given is not None and (not self._keys or self._keys[0].kid != given.kid):
                await self._put(given, only_if_none=False)
            elif self._signing is None:
                await self._put(new_key(now), only_if_none=True)

    async def refresh(self) -> None:
        """Reads the keys again, so that a rotation by another replica is seen."""
        self._keys = await self._accounts.signing_keys()
        present = next((key for key in self._keys if key.retired_at is None), None)
        if present is None:
            self._signing = None
        elif self._signing is None or self._signing.kid != present.kid:
            self._signing = OKPKey.import_key(orjson.loads(present.private_jwk), {"kid": present.kid})

    async def rotate(self, accounts: AccountWriter) -> str:
        """Makes a new key and retires the present one; the new one's id. It signs from the next `refresh` on."""
        key = new_key(self._clock.now())
        await accounts.rotate_key(key, only_if_none=False)
        return key.kid

    def published(self) -> list[dict[str, str]]:
        """The public keys of every token that may still be good."""
        now = self._clock.now()
        return [public_jwk(key) for key in self._keys if key.verifies_at(now)]

    async def sign(self, user: User, session_id: str) -> str:
        """A JWT for this session, good for 15 minutes."""
        if self._signing is None:
            await self.ensure()
        if self._signing is None:
            raise RuntimeError("there is no signing key")
        issued = int(self._clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user.user_id,
            "sid": session_id,
            "roles": sorted(user.roles),
            "iat": issued,
            "exp": issued + int(ACCESS_TOKEN_LIFE.total_seconds()),
        }
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self._signing.kid}
        return jwt.encode(header, claims, self._signing, algorithms=[ALGORITHM])

    async def _put(self, key: SigningKey, *, only_if_none: bool) -> None:
        async with self._accounts.transaction() as accounts:
            await accounts.rotate_key(key, only_if_none=only_if_none)
        await self.refresh()
