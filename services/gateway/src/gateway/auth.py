"""Bearer token → identity. A token that is sent must be good, on public routes too; a verified one is remembered."""

from __future__ import annotations

import hashlib
import re
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from gateway.clients import Upstream
from gateway.jwks import KeyStore, fetch_from
from gateway.transcode.errors import invalid
from meshkit.clock import Clock
from meshkit.context import ANONYMOUS, Identity

ISSUER: Final = "banyan"
AUDIENCE: Final = "banyan"
ALGORITHMS: Final = ("EdDSA", "Ed25519")
MAX_CACHED_TOKENS: Final = 10_000
_MAX_TOKEN_BYTES: Final = 4096
_SKEW_S: Final = 5
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ROLE: Final = re.compile(r"[a-z][a-z_]{0,31}")
_GUEST: Final = re.compile(rb"[A-Za-z0-9_-]{16,64}")
_REALM: Final = 'Bearer realm="banyan"'


class TokenError(Exception):
    """A token that was sent and is not good; answered 401 with a challenge as RFC 6750 has it."""

    kind = "unauthenticated"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.challenge = f'{_REALM}, error="invalid_token", error_description="{message}"'


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request is made for. `expires_at` is in Unix seconds."""

    identity: Identity
    session_id: str | None
    expires_at: float


NOBODY: Final = Caller(ANONYMOUS, None, 0.0)


class Authenticator:
    """Verifies tokens; a verified one costs a hash and a look-up until it expires or a key is withdrawn."""

    def __init__(self, user: Upstream, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._verified: OrderedDict[bytes, Caller] = OrderedDict()
        self.keys = KeyStore(fetch_from(user), self._verified.clear, monotonic)
        # RFC 9864 renames the algorithm; tokens of both names are good, since they are of the same key.
        warnings.filterwarnings("ignore", message="EdDSA is deprecated")

    @property
    def remembered(self) -> int:
        """How many verified tokens are remembered."""
        return len(self._verified)

    async def caller(self, headers: Mapping[bytes, bytes]) -> Caller:
        """Whom the request is made for; raises TokenError, or RequestError for a malformed guest id."""
        authorization = headers.get(b"authorization")
        caller = NOBODY if authorization is None else await self._of_token(authorization)
        guest = headers.get(b"banyan-guest")
        if guest is None:
            return caller
        if not _GUEST.fullmatch(guest):
            raise invalid([("Banyan-Guest", "must be 16 to 64 characters of A-Z, a-z, 0-9, - and _")])
        return replace(caller, identity=replace(caller.identity, guest_id=guest.decode()))

    async def _of_token(self, authorization: bytes) -> Caller:
        key = hashlib.sha256(authorization).digest()
        caller = self._verified.get(key)
        if caller is not None:
            if caller.expires_at > self._now():
                self._verified.move_to_end(key)
                return caller
            del self._verified[key]
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not token or len(token) > _MAX_TOKEN_BYTES:
            raise TokenError("TOKEN_INVALID", "the Authorization header holds no bearer token")
        caller = await self._verify(token)
        self._verified[key] = caller
        if len(self._verified) > MAX_CACHED_TOKENS:
            self._verified.popitem(last=False)
        return caller

    async def _verify(self, token: bytes) -> Caller:
        try:
            key = await self.keys.find(_key_id(token))
            if key is None:
                raise TokenError("TOKEN_INVALID", "the token was signed with an unknown key")
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):  # the reason is of use to forgers only
            raise TokenError("TOKEN_INVALID", "the token is malformed or its signature is wrong") from None
        return _caller_of(claims, self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _key_id(token: bytes) -> str:
    """The key id of a token's header; raises ValueError without one, or for an algorithm that is not allowed."""
    header = extract_compact(token).headers()
    kid = header.get("kid")
    if header.get("alg") not in ALGORITHMS or not isinstance(kid, str):
        raise ValueError("not a token of ours")
    return kid


def _caller_of(claims: Mapping[str, Any], now: float) -> Caller:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != ISSUER or AUDIENCE not in audiences:
        raise TokenError("TOKEN_INVALID", "the token is not meant for here")
    expires_at, begins_at = claims.get("exp", None), claims.get("nbf", 0)
    if not (_is_time(expires_at) and _is_time(begins_at)):
        raise TokenError("TOKEN_INVALID", "the token has no valid time")
    if expires_at <= now:
        raise TokenError("TOKEN_EXPIRED", "the token has expired")
    if begins_at > now + _SKEW_S:
        raise TokenError("TOKEN_INVALID", "the token is not valid yet")
    user_id, session_id, roles = claims.get("sub"), claims.get("sid"), claims.get("roles", [])
    if not _matches(_ID, user_id) or not (session_id is None or _matches(_ID, session_id)):
        raise TokenError("TOKEN_INVALID", "the token names no user")
    if not isinstance(roles, list) or not all(_matches(_ROLE, role) for role in roles):
        raise TokenError("TOKEN_INVALID", "the token's roles are malformed")
    return Caller(Identity(user_id, frozenset(roles)), session_id, float(expires_at))


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
