"""Customers and a member of staff: who they are, and tokens that are renewed when the shop no longer takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from local.chaos.client import CALLING, Answer, Client, Patience
from local.chaos.records import What
from local.errors import LocalError

PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - customers of a mesh that is thrown away


class Person:
    """Somebody with an account."""

    def __init__(self, client: Client, email: str, password: str) -> None:
        self._client = client
        self._email = email
        self._password = password
        self._token = ""
        self._logging_in = asyncio.Lock()
        self.cart = asyncio.Lock()
        """Held while the cart is filled and ordered."""

    @classmethod
    async def register(cls, client: Client, email: str) -> Person:
        """A new customer, logged in; LocalError when the shop will not have them."""
        body = {"email": email, "password": PASSWORD, "displayName": "Chaos"}
        answer = await client.send("session", "POST", "/v1/users", body, headers={"idempotency-key": email})
        if not answer.good:
            raise LocalError(f"a customer can't be registered: {answer.status} {answer.code}")
        return await cls.known(client, email, PASSWORD)

    @classmethod
    async def known(cls, client: Client, email: str, password: str) -> Person:
        """Somebody who has an account; LocalError when they can't log in."""
        person = cls(client, email, password)
        await person._log_in("")
        if not person._token:
            raise LocalError(f"{email} can't log in")
        return person

    async def send(
        self,
        what: What,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        patience: Patience = CALLING,
    ) -> Answer:
        """One request in this person's name; a token that is refused is renewed once."""
        for _ in range(2):
            token = self._token
            answer = await self._client.send(
                method=method, what=what, path=path, body=body, patience=patience, headers=self._headers(key)
            )
            if answer.status != 401:
                return answer
            await self._log_in(token)
        return answer

    def _headers(self, key: str) -> Mapping[str, str]:
        found = {"authorization": f"Bearer {self._token}"}
        return found | {"idempotency-key": key} if key else found

    async def _log_in(self, refused: str) -> None:
        """Gets another token than the one that was refused; of several at once only one goes."""
        async with self._logging_in:
            if self._token != refused:
                return
            body = {"email": self._email, "password": self._password}
            answer = await self._client.send("session", "POST", "/v1/sessions", body)
            if answer.good:
                self._token = str(answer.body["accessToken"])
