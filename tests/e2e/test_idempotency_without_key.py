"""Sessions read no key: their answers are credentials, which nobody keeps. What a repeat does instead."""

from __future__ import annotations

from tests.support.shop import PASSWORD, Shop


def test_logging_in_twice_makes_two_sessions(buyer: Shop) -> None:
    body = {"email": buyer.email, "password": PASSWORD}
    answers = [buyer.call("POST", "/v1/sessions", body, expect=201, Idempotency_Key="one") for _ in "ab"]
    assert len({answer.json()["refreshToken"] for answer in answers}) == 2
    assert not any("idempotency-replayed" in answer.headers for answer in answers)


def test_a_refresh_token_is_good_once(buyer: Shop) -> None:
    body = {"refreshToken": buyer.refresh_token}
    answer = buyer.call("POST", "/v1/sessions:refresh", body, Idempotency_Key="one")
    fresh = answer.json()["refreshToken"]
    assert buyer.problem("POST", "/v1/sessions:refresh", body, expect=401)["code"] == "REFRESH_TOKEN_REUSED"
    ended = buyer.problem("POST", "/v1/sessions:refresh", {"refreshToken": fresh}, expect=401)
    assert ended["code"] == "REFRESH_TOKEN_INVALID"


def test_logging_out_twice_is_no_error(buyer: Shop) -> None:
    for _ in "ab":
        buyer.call("DELETE", "/v1/sessions/current", expect=204, Idempotency_Key="one")
    body = {"refreshToken": buyer.refresh_token}
    assert buyer.problem("POST", "/v1/sessions:refresh", body, expect=401)["code"] == "REFRESH_TOKEN_INVALID"
