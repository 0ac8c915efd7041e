"""Tokens as the user service makes them, and as it never would."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from google.protobuf.message import Message
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from banyan.user.v1 import user_service_pb2 as user_pb
from meshkit.client import Pairs, Response
from meshkit.clock import Clock
from meshkit.errors import RemoteError

USER_ID = "0198c1f0-0000-7000-8000-00000000aaaa"


class Signer:
    """A signing key with its public half."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self.key = OKPKey.generate_key("Ed25519", {"kid": kid})

    @property
    def public(self) -> str:
        """The public key in base64."""
        return str(self.key.as_dict(private=False)["x"])

    @property
    def jwk(self) -> user_pb.Jwk:
        """The public key as the user service publishes it."""
        return user_pb.Jwk(kty="OKP", crv="Ed25519", x=self.public, kid=self.kid, use="sig", alg="Ed25519")

    def token(self, clock: Clock, *, alg: str = "Ed25519", **claims: Any) -> str:
        """A good token of 15 minutes, unless the claims say otherwise; None leaves a claim out."""
        now = int(clock.now().timestamp())
        all_claims = {
            "iss": "banyan",
            "aud": "banyan",
            "sub": USER_ID,
            "sid": "session-1",
            "roles": ["customer"],
            "iat": now,
            "exp": now + 900,
            **claims,
        }
        kept = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": self.kid}, kept, self.key, algorithms=["Ed25519", "EdDSA"])

    def unsigned(self, clock: Clock) -> str:
        """The same claims with `alg` none and no signature."""
        payload = self.token(clock).split(".")[1]
        return f"{_part({'alg': 'none', 'kid': self.kid})}.{payload}."

    def confused(self, clock: Clock) -> str:
        """Signed with HMAC, the public key as the secret."""
        payload = json.loads(base64.urlsafe_b64decode(self.token(clock).split(".")[1] + "=="))
        secret = OctKey.import_key(self.public + "0123456789abcdef")
        return jwt.encode({"alg": "HS256", "kid": self.kid}, payload, secret, algorithms=["HS256"])


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class FakeUsers:
    """Answers GetJwks with the keys at hand, or fails; counts how often it was asked."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = list(signers)
        self.asked = 0
        self.down = False
        self.answering = asyncio.Event()
        self.answering.set()
        self.signers_after_answer: list[Signer] = []

    async def call(
        self,
        method: str,
        request: Message,
        response_type: Any,
        *,
        timeout_s: float | None = None,
        metadata: Pairs = (),
    ) -> Response[Any]:
        """GetJwks."""
        self.asked += 1
        if self.down:
            raise RemoteError("unavailable", "UNAVAILABLE", "down")
        keys = [signer.jwk for signer in self.signers]
        await self.answering.wait()
        self.signers += self.signers_after_answer
        self.signers_after_answer = []
        return Response(user_pb.GetJwksResponse(keys=keys), {})
