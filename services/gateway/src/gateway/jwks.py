"""The public keys that verify tokens, fetched from their owner: kept, refreshed, and never asked for in a storm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from banyan.user.v1 import user_service_pb2 as user_pb
from gateway.clients import Upstream
from meshkit.context import ANONYMOUS, call_scope
from meshkit.logging import get_logger
from meshkit.tasks import Periodic

REFRESH_INTERVAL_S: Final = 300.0
# An unknown key id may be a new key or a forger's invention. The owner is asked once in so many seconds over time, and
# a few times at once, so that keys may be rotated twice in a row.
ASK_INTERVAL_S: Final = 5.0
ASK_BURST: Final = 4
# A replica of the owner may learn of a new key seconds after another.
_UNKNOWN_FOR_S: Final = 5.0
_MAX_UNKNOWN: Final = 1000
_FIRST_RETRY_S: Final = 1.0
_GET_JWKS: Final = "/banyan.user.v1.UserService/GetJwks"
log = get_logger()

Keys = Mapping[str, OKPKey]
Fetch = Callable[[], Awaitable[Keys]]


class KeysUnavailable(Exception):
    """Whether a key exists can't be found out now: a token of it is neither good nor bad."""

    kind = "unavailable"
    reason = "SIGNING_KEYS_UNAVAILABLE"

    def __init__(self, retry_after_s: float = 1.0) -> None:
        super().__init__("the key that signed the token can't be looked up at the moment")
        self.retry_after_s = retry_after_s


def fetch_from(user: Upstream) -> Fetch:
    """Asks the user service for its key set, as the gateway itself and for nobody."""

    async def fetch() -> Keys:
        with call_scope(ANONYMOUS, None):
            response = await user.call(_GET_JWKS, user_pb.GetJwksRequest(), user_pb.GetJwksResponse)
        return keys_of(response.message)

    return fetch


def keys_of(response: Any) -> dict[str, OKPKey]:
    """The Ed25519 keys of a key set by id; others are left out, and so is a key that is not one."""
    keys: dict[str, OKPKey] = {}
    for jwk in response.keys:
        if not jwk.kid or jwk.kty != "OKP" or jwk.crv != "Ed25519":
            continue
        try:
            keys[jwk.kid] = OKPKey.import_key({"kty": jwk.kty, "crv": jwk.crv, "x": jwk.x})
        except (JoseError, ValueError) as error:
            log.error("a signing key can't be used", kid=jwk.kid, exc_info=error)
    return keys


class Allowance:
    """`burst` times at once, and once in `interval_s` seconds over time."""

    def __init__(self, interval_s: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._interval_s, self._burst, self._monotonic = interval_s, burst, monotonic
        self._full_at = monotonic()

    def take(self) -> float:
        """0 when allowed, else the seconds until it will be."""
        now = self._monotonic()
        full_at = max(self._full_at, now) + self._interval_s
        wait_s = full_at - now - self._burst * self._interval_s
        if wait_s > 0:
            return wait_s
        self._full_at = full_at
        return 0.0


class KeyStore(Periodic):
    """Holds the keys; `on_removal` runs when one is withdrawn, so that what it vouched for is forgotten."""

    def __init__(
        self, fetch: Fetch, on_removal: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("jwks", REFRESH_INTERVAL_S, self._refresh_regularly)
        self._fetch = fetch
        self._on_removal = on_removal
        self._monotonic = monotonic
        self._allowance = Allowance(ASK_INTERVAL_S, ASK_BURST, monotonic)
        self._keys: Keys = {}
        self._unknown: dict[str, float] = {}
        self._asking: asyncio.Task[bool] | None = None

    async def find(self, kid: str) -> OKPKey | None:
        """The key of an id, asking its owner when it is not known; None when the owner has no such key.

        Raises KeysUnavailable when the owner does not answer, or was asked too often just now.
        """
        key = self._keys.get(kid)
        if key is not None or self._is_unknown(kid):
            return key
        if self._asking is not None:  # the answer under way may be from before this key was made
            await self._ask()
        if kid not in self._keys:
            await self._ask_within_allowance()
        if kid not in self._keys:
            self._remember_unknown(kid)
        return self._keys.get(kid)

    def _is_unknown(self, kid: str) -> bool:
        return self._unknown.get(kid, 0.0) > self._monotonic()

    def _remember_unknown(self, kid: str) -> None:
        if len(self._unknown) >= _MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown[kid] = self._monotonic() + _UNKNOWN_FOR_S

    async def _ask_within_allowance(self) -> None:
        if self._asking is None:
            wait_s = self._allowance.take()
            if wait_s > 0:
                raise KeysUnavailable(wait_s)
        if not await self._ask():
            raise KeysUnavailable

    async def _refresh_regularly(self) -> None:
        # Without keys no token can be judged, so the first ones are asked for more often.
        while not await self._ask() and not self._keys and not self.stopping:
            await self.pause(_FIRST_RETRY_S)

    async def _ask(self) -> bool:
        """Asks, or waits for the answer that is under way; False when there is none."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._fetch_once(), name="jwks-fetch")
        return await asyncio.shield(self._asking)  # one caller that leaves must not end it for the others

    async def _fetch_once(self) -> bool:
        try:
            keys = await self._fetch()
        except Exception as error:  # noqa: BLE001 - the keys at hand stay good; the next try may succeed
            log.warning(
                "signing keys can't be fetched", reason=getattr(error, "reason", type(error).__name__)
            )
            return False
        finally:
            self._asking = None
        withdrawn = self._keys.keys() - keys.keys()
        if keys:
            self._keys = keys
        if withdrawn:
            self._on_removal()
        return bool(keys)
