"""The served user service: over the wire, on a real database and broker, with real hashing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import nats
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from joserfc import jwt
from joserfc.jwk import KeySet

from banyan.user.v1 import user_pb2
from banyan.user.v1 import user_service_pb2 as pb
from meshkit.clock import uuid7
from meshkit.errors import RemoteError
from meshkit.testing import Running, eventually

from ..helpers import PASSWORD

R = TypeVar("R", bound=Message)


async def call(
    served: Running, rpc: str, request: Message, kind: type[R], who: Sequence[tuple[str, str]] = ()
) -> R:
    method = f"/banyan.user.v1.UserService/{rpc}"
    return await served.channel.unary(method, request, kind, metadata=who, timeout_s=20)


async def registered(served: Running, email: str = "Ada@example.com") -> user_pb2.User:
    request = pb.RegisterUserRequest(email=email, password=PASSWORD, display_name="Ada")
    return (await call(served, "RegisterUser", request, pb.RegisterUserResponse)).user


async def logged_in(served: Running, email: str = "ada@example.com") -> pb.CreateSessionResponse:
    request = pb.CreateSessionRequest(email=email, password=PASSWORD)
    return await call(served, "CreateSession", request, pb.CreateSessionResponse)


async def claims_of(served: Running, token: str) -> dict[str, object]:
    """What the published keys say of a token."""
    published = await call(served, "GetJwks", pb.GetJwksRequest(), pb.GetJwksResponse)
    keys: list[dict[str, str | list[str]]] = [
        {"kty": key.kty, "crv": key.crv, "x": key.x, "kid": key.kid, "use": key.use, "alg": key.alg}
        for key in published.keys
    ]
    return jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["Ed25519"]).claims


async def test_register_log_in_and_look(served: Running) -> None:
    made = await registered(served)
    assert (made.email, list(made.roles)) == ("ada@example.com", [user_pb2.ROLE_CUSTOMER])
    pair = await logged_in(served)
    claims = await claims_of(served, pair.access_token)
    assert (claims["sub"], claims["iss"], claims["aud"], claims["roles"]) == (
        made.user_id,
        "banyan",
        "banyan",
        ["customer"],
    )
    me = await call(served, "GetMe", pb.GetMeRequest(), pb.GetMeResponse, [("banyan-user", made.user_id)])
    assert me.user == made


async def test_wrong_password_and_unknown_address_look_alike(served: Running) -> None:
    await registered(served)
    answers = []
    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(RemoteError) as caught:
            request = pb.CreateSessionRequest(email=email, password="wrong password")
            await call(served, "CreateSession", request, pb.CreateSessionResponse)
        answers.append((caught.value.kind, caught.value.reason, caught.value.message))
    assert answers[0] == answers[1]
    assert answers[0][:2] == ("unauthenticated", "INVALID_CREDENTIALS")


async def test_same_address_is_taken_and_same_key_is_replayed(served: Running) -> None:
    request = pb.RegisterUserRequest(
        email="ada@example.com", password=PASSWORD, display_name="Ada", request_id="key-1"
    )
    first = await call(served, "RegisterUser", request, pb.RegisterUserResponse)
    assert await call(served, "RegisterUser", request, pb.RegisterUserResponse) == first
    request.request_id = "key-2"
    with pytest.raises(RemoteError) as caught:
        await call(served, "RegisterUser", request, pb.RegisterUserResponse)
    assert caught.value.reason == "EMAIL_TAKEN"


async def test_another_password_under_the_same_key_is_another_request(served: Running) -> None:
    request = pb.RegisterUserRequest(
        email="ada@example.com", password=PASSWORD, display_name="Ada", request_id="key-1"
    )
    await call(served, "RegisterUser", request, pb.RegisterUserResponse)
    request.password = f"not {PASSWORD}"
    with pytest.raises(RemoteError) as caught:
        await call(served, "RegisterUser", request, pb.RegisterUserResponse)
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_repeat_makes_no_second_signing_key(served: Running) -> None:
    staff = [("banyan-user", uuid7()), ("banyan-roles", "staff")]
    request = pb.RotateSigningKeyRequest(request_id="key-1")
    kids = {
        (await call(served, "RotateSigningKey", request, pb.RotateSigningKeyResponse, staff)).kid
        for _ in range(3)
    }
    published = await call(served, "GetJwks", pb.GetJwksRequest(), pb.GetJwksResponse)
    assert kids == {published.keys[0].kid}
    assert len(published.keys) == 2


async def test_tokens_of_a_retired_key_stay_good(served: Running) -> None:
    await registered(served)
    before = await logged_in(served)
    staff = [("banyan-user", uuid7()), ("banyan-roles", "staff")]
    rotated = await call(
        served, "RotateSigningKey", pb.RotateSigningKeyRequest(), pb.RotateSigningKeyResponse, staff
    )
    after = await logged_in(served)
    assert await claims_of(served, before.access_token)
    assert await claims_of(served, after.access_token)
    published = await call(served, "GetJwks", pb.GetJwksRequest(), pb.GetJwksResponse)
    assert published.keys[0].kid == rotated.kid


async def test_log_out_ends_the_session_and_tells(served: Running, nats_server: str) -> None:
    made = await registered(served)
    pair = await logged_in(served)
    session_id = str((await claims_of(served, pair.access_token))["sid"])
    who = [("banyan-user", made.user_id), ("banyan-session", session_id)]
    for _ in range(2):
        request = pb.DeleteCurrentSessionRequest()
        await call(served, "DeleteCurrentSession", request, pb.DeleteCurrentSessionResponse, who)
    with pytest.raises(RemoteError) as caught:
        refresh = pb.RefreshSessionRequest(refresh_token=pair.refresh_token)
        await call(served, "RefreshSession", refresh, pb.RefreshSessionResponse)
    assert caught.value.reason == "REFRESH_TOKEN_INVALID"
    client = await nats.connect(nats_server)
    try:
        stream = client.jetstream()

        async def told() -> bool:
            info = await stream.stream_info("USER", subjects_filter="user.>")
            return info.state.subjects == {"user.registered": 1, "user.session_revoked": 1}

        assert await eventually(told)
    finally:
        await client.close()


async def test_update_me_changes_only_what_is_masked(served: Running) -> None:
    made = await registered(served)
    who = [("banyan-user", made.user_id)]
    request = pb.UpdateMeRequest(
        user=user_pb2.User(display_name="Countess", locale="xx"),
        update_mask=FieldMask(paths=["display_name"]),
    )
    changed = (await call(served, "UpdateMe", request, pb.UpdateMeResponse, who)).user
    assert (changed.display_name, changed.locale) == ("Countess", "en")
    request.update_mask.paths[:] = ["email"]
    with pytest.raises(RemoteError) as caught:
        await call(served, "UpdateMe", request, pb.UpdateMeResponse, who)
    assert caught.value.violations[0][0] == "update_mask"


async def test_new_roles_come_with_the_next_refresh(served: Running) -> None:
    made = await registered(served)
    pair = await logged_in(served)
    staff = [("banyan-user", uuid7()), ("banyan-roles", "staff")]
    request = pb.SetUserRolesRequest(user_id=made.user_id, roles=[user_pb2.ROLE_STAFF])
    await call(served, "SetUserRoles", request, pb.SetUserRolesResponse, staff)
    fresh = await call(
        served,
        "RefreshSession",
        pb.RefreshSessionRequest(refresh_token=pair.refresh_token),
        pb.RefreshSessionResponse,
    )
    assert (await claims_of(served, fresh.access_token))["roles"] == ["customer", "staff"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"password": "short"}, "password"),
        ({"display_name": ""}, "display_name"),
    ],
)
async def test_bad_registration_names_the_field(served: Running, changes: dict[str, str], field: str) -> None:
    values = {"email": "ada@example.com", "password": PASSWORD, "display_name": "Ada", **changes}
    with pytest.raises(RemoteError) as caught:
        await call(served, "RegisterUser", pb.RegisterUserRequest(**values), pb.RegisterUserResponse)
    assert [name for name, _ in caught.value.violations] == [field]
