"""The gateway as a journey sees it: every answer is checked, and a journey ends at the first wrong one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from locust.contrib.fasthttp import FastHttpSession
from locust.exception import RescheduleTask

Json = dict[str, Any]
Check = Callable[[Json], str]
"""Says what is wrong with a document; empty when nothing is."""
GONE_WRONG = 600


class Edge:
    """Requests in one person's name. `headers` go with each of them."""

    def __init__(self, session: FastHttpSession, headers: Mapping[str, str] | None = None) -> None:
        self._session = session
        self.headers = dict(headers or {})

    def ask(
        self,
        method: str,
        path: str,
        *,
        name: str,
        body: object = None,
        expect: Collection[int] = (200,),
        check: Check | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """One request, counted under `name`; its JSON, empty without a body.

        A status that is not in `expect`, a body that is no JSON, and whatever `check` finds count as failures and end the
        journey (RescheduleTask: the person goes on with another one).
        """
        with self._session.request(
            method,
            path,
            name=name,
            json=body,
            headers=self.headers | dict(headers or {}),
            catch_response=True,
        ) as reply:
            document, wrong = _judge(reply, expect, check)
            if wrong:
                reply.failure(wrong)
            else:
                reply.success()
        if wrong:
            raise RescheduleTask
        return document

    def get(self, path: str, *, name: str = "", check: Check | None = None) -> Json:
        """A GET that must be answered 200."""
        return self.ask("GET", path, name=name or path, check=check)

    def change(
        self,
        method: str,
        path: str,
        body: object,
        *,
        name: str = "",
        expect: Collection[int] = (200,),
        check: Check | None = None,
    ) -> Json:
        """A mutation with an idempotency key of its own."""
        return self.ask(
            method,
            path,
            name=name or path,
            body=body,
            expect=expect,
            check=check,
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )


def _judge(reply: Any, expect: Collection[int], check: Check | None) -> tuple[Json, str]:
    """The document, and what is wrong; status 0 is no answer at all."""
    if reply.status_code not in expect:
        return {}, f"{reply.status_code} {_code(reply)}".strip()
    if not reply.content:
        return {}, ""
    try:
        document: Json = reply.json()
    except ValueError:
        return {}, f"{reply.status_code}, but no JSON"
    return document, check(document) if check else ""


def _code(reply: Any) -> str:
    """A problem's `code`, or why there was no answer."""
    if not reply.status_code:
        return type(reply.error).__name__
    try:
        return str(reply.json().get("code", ""))
    except (ValueError, AttributeError):
        return ""
