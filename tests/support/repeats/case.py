"""What a row of the table is: how to ask for a change, how to ask for another one, and how to see it from outside."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.mesh import RunningMesh
from tests.support.shop import Json, Shop

DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request, without its key."""

    method: str
    path: str
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A change that nobody has asked for yet."""

    who: Shop
    ask: Ask
    other: Ask | None
    """Another request to the same RPC, of the same caller; None when there can be no other one."""
    seen: Callable[[], object]
    """What can be seen from outside of the effects of both; waits for those that come by event."""


@dataclass(frozen=True, slots=True)
class World:
    """The mesh under test and people who are logged in already."""

    mesh: RunningMesh
    buyers: tuple[Shop, Shop]
    staff: tuple[Shop, Shop]
    target: Shop
    """An account that nobody logs in with; staff change its roles."""
    visitor: Callable[[], Shop]
    """Makes somebody who is not logged in, with the id of a guest."""


def whole(answer: Json) -> Any:
    """All of an answer."""
    return answer


@dataclass(frozen=True, slots=True)
class Mutation:
    """One public RPC that changes something."""

    rpc: str
    """`<service>.<Rpc>`."""
    prepare: Callable[[World, int], Case]
    """A new case; 0 and 1 are two different callers."""
    core: Callable[[Json], Any] = whole
    """What the first answer and a later one must have in common."""

    def __str__(self) -> str:
        return self.rpc

    @property
    def service(self) -> str:
        """Who owns it."""
        return self.rpc.split(".")[0]


def fresh_key() -> str:
    """A key that nobody has used."""
    return uuid.uuid4().hex


def send(case: Case, ask: Ask, key: str | bytes | None, gateway: str = "") -> httpx2.Response:
    """The answer, through another gateway when its base URL is given."""
    headers = [(name.encode(), value.encode()) for name, value in ask.headers.items()]
    if key is not None:
        headers.append((b"Idempotency-Key", key.encode() if isinstance(key, str) else key))
    return case.who.http.request(ask.method, f"{gateway}{ask.path}", json=ask.body, headers=headers)


def answer_of(response: httpx2.Response) -> Json:
    """The JSON of a success; AssertionError with the answer when it is none."""
    assert response.is_success, f"{response.request.url.path}: {response.status_code} {response.text[:1500]}"
    document: Json = response.json() if response.content else {}
    return document


def is_replay(response: httpx2.Response) -> bool:
    """Whether it is marked as the answer to an earlier request."""
    return response.headers.get("idempotency-replayed") == "true"


def problem_code(response: httpx2.Response) -> tuple[int, str]:
    """Status and code of a problem document, checked for its form (RFC 9457)."""
    assert response.headers["content-type"].startswith("application/problem+json"), response.text[:1500]
    document: Json = response.json()
    assert document["status"] == response.status_code
    return response.status_code, document["code"]
