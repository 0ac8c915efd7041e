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
# An unknown key id may be a new key or an attacker's invention; the owner is asked at most this often.
MIN_INTERVAL_S: Final = 5.0
_FIRST_RETRY_S: Final = 1.0
_GET_JWKS: Final = "/banyan.user.v1.UserService/GetJwks"
log = get_logger()

Keys = Mapping[str, OKPKey]
Fetch = Callable[[], Awaitable[Keys]]


class KeysUnavailable(Exception):
    """No key was ever fetched, so no token can be judged."""

    kind = "unavailable"
    reason = "SIGNING_KEYS_UNAVAILABLE"
    retry_after_s = 1.0


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


class KeyStore(Periodic):
    """Holds the keys; `on_removal` runs when one is withdrawn, so that what it vouched for is forgotten."""

    def __init__(
        self, fetch: Fetch, on_removal: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("jwks", REFRESH_INTERVAL_S, self._refresh_regularly)
        self._fetch = fetch
        self._on_removal = on_removal
        self._monotonic = monotonic
        self._keys: Keys = {}
        self._asked_at: float | None = None
        self._asking: asyncio.Task[bool] | None = None

    async def find(self, kid: str) -> OKPKey | None:
        """The key of an id, asking its owner when it is not known; raises KeysUnavailable without any key."""
        key = self._keys.get(kid)
        if key is None and await self._refresh():
            key = self._keys.get(kid)
        if key is None and not self._keys:
            raise KeysUnavailable("the keys that verify tokens can't be had at the moment")
        return key

    async def _refresh_regularly(self) -> None:
        # Without keys no token can be judged, so the first ones are asked for more often.
        while not await self._ask() and not self._keys and not self.stopping:
            await self.pause(_FIRST_RETRY_S)

    async def _refresh(self) -> bool:
        """Asks unless that was done just now; whoever comes meanwhile waits for the same answer."""
        if self._asking is None:
            interval = MIN_INTERVAL_S if self._keys else _FIRST_RETRY_S
            if self._asked_at is not None and self._monotonic() - self._asked_at < interval:
                return False
        return await self._ask()

    async def _ask(self) -> bool:
        if self._asking is None:
            self._asked_at = self._monotonic()
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
