"""Changes to accounts and keys."""

from __future__ import annotations

import uuid

from tests.support.repeats.case import Ask, Case, Mutation, World
from tests.support.shop import PASSWORD, Json


def _register(world: World, _: int) -> Case:
    visitor = world.visitor()
    bodies = [
        {"email": f"{uuid.uuid4().hex}@banyan.test", "password": PASSWORD, "displayName": "Erika"}
        for _ in "ab"
    ]

    def can_log_in(body: Json) -> bool:
        session = {"email": body["email"], "password": body["password"]}
        return visitor.http.post("/v1/sessions", json=session).status_code == 201

    first, other = (Ask("POST", "/v1/users", body) for body in bodies)
    return Case(visitor, first, other, lambda: [can_log_in(body) for body in bodies])


def _update_me(world: World, caller: int) -> Case:
    who = world.buyers[caller]
    first, other = (Ask("PATCH", "/v1/users/me", {"displayName": uuid.uuid4().hex}) for _ in "ab")
    return Case(who, first, other, lambda: who.get("/v1/users/me"))


def _set_roles(world: World, caller: int) -> Case:
    path = f"/v1/users/{world.target.user_id}/roles"
    first, other = (
        Ask("PUT", path, {"roles": roles}) for roles in (["ROLE_CUSTOMER", "ROLE_STAFF"], ["ROLE_CUSTOMER"])
    )
    return Case(world.staff[caller], first, other, lambda: world.target.get("/v1/users/me"))


def _rotate(world: World, caller: int) -> Case:
    who = world.staff[caller]

    def kids() -> set[str]:
        return {key["kid"] for key in who.get("/.well-known/jwks.json")["keys"]}

    return Case(who, Ask("POST", "/v1/signingKeys:rotate", {}), None, kids)


USER = (
    Mutation("user.RegisterUser", _register),
    Mutation("user.UpdateMe", _update_me),
    Mutation("user.SetUserRoles", _set_roles),
    Mutation("user.RotateSigningKey", _rotate),
)
