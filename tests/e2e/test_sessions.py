"""Logging in, staying logged in, logging out."""

from __future__ import annotations

import pytest

from tests.support.shop import Shop


def test_refresh_rotates_and_a_second_use_ends_the_session(buyer: Shop) -> None:
    first = buyer.refresh_token
    second = buyer.call("POST", "/v1/sessions:refresh", {"refreshToken": first}).json()["refreshToken"]
    reused = buyer.problem("POST", "/v1/sessions:refresh", {"refreshToken": first}, expect=401)
    assert reused["code"] == "REFRESH_TOKEN_REUSED"
    ended = buyer.problem("POST", "/v1/sessions:refresh", {"refreshToken": second}, expect=401)
    assert ended["code"] == "REFRESH_TOKEN_INVALID"


def test_log_out_ends_the_session(buyer: Shop) -> None:
    buyer.call("DELETE", "/v1/sessions/current", expect=204)
    answer = buyer.problem("POST", "/v1/sessions:refresh", {"refreshToken": buyer.refresh_token}, expect=401)
    assert answer["code"] == "REFRESH_TOKEN_INVALID"


def test_wrong_password_and_unknown_address_look_alike(buyer: Shop, shop: Shop) -> None:
    answers = [
        shop.problem("POST", "/v1/sessions", {"email": email, "password": "not the password"}, expect=401)
        for email in (buyer.email, "nobody@banyan.test")
    ]
    assert answers[0]["code"] == answers[1]["code"] == "INVALID_CREDENTIALS"
    assert answers[0]["detail"] == answers[1]["detail"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_bad_token_is_refused_even_on_public_routes(shop: Shop, token: str) -> None:
    shop.problem("GET", "/v1/products", expect=401, Authorization=f"Bearer {token}")


def test_tokens_outlive_a_key_rotation(buyer: Shop, staff: Shop) -> None:
    before = {key["kid"] for key in buyer.get("/.well-known/jwks.json")["keys"]}
    new = staff.call("POST", "/v1/signingKeys:rotate", {}).json()["kid"]
    assert buyer.get("/v1/users/me")["user"]["userId"] == buyer.user_id
    buyer.call("POST", "/v1/sessions:refresh", {"refreshToken": buyer.refresh_token})
    assert {*before, new} <= {key["kid"] for key in buyer.get("/.well-known/jwks.json")["keys"]}


def test_me_can_be_changed_by_its_owner(buyer: Shop) -> None:
    changed = buyer.call("PATCH", "/v1/users/me", {"displayName": "Countess"}).json()["user"]
    assert changed["displayName"] == "Countess"
    refused = buyer.problem("PATCH", "/v1/users/me", {"email": "other@banyan.test"}, expect=400)
    assert refused["errors"][0]["field"] == "update_mask"
