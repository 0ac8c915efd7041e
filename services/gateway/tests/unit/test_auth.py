"""Tokens: what is good, what is not, and what is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway import auth
from gateway.auth import NOBODY, Authenticator, TokenError
from gateway.jwks import ASK_BURST, KeysUnavailable, keys_of
from gateway.problems import problem_of
from gateway.transcode.errors import RequestError
from meshkit.clock import FakeClock
from meshkit.testing import eventually
from services.gateway.tests.tokens import USER_ID, FakeUsers, Signer

clock = FakeClock()
signer = Signer("key-1")


class Monotonic:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def users() -> FakeUsers:
    return FakeUsers(signer)


@pytest.fixture
def seconds() -> Monotonic:
    return Monotonic()


@pytest.fixture
def authenticator(users: FakeUsers, seconds: Monotonic) -> Authenticator:
    return Authenticator(users, clock, seconds)


async def caller(authenticator: Authenticator, token: str, **headers: bytes) -> auth.Caller:
    return await authenticator.caller(
        {
            b"authorization": f"Bearer {token}".encode(),
            **{k.replace("_", "-").encode(): v for k, v in headers.items()},
        }
    )


async def test_a_good_token_names_its_user(authenticator: Authenticator) -> None:
    found = await caller(authenticator, signer.token(clock, roles=["customer", "staff"]))
    assert (found.identity.user_id, found.session_id) == (USER_ID, "session-1")
    assert found.identity.is_staff


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
async def test_both_names_of_the_algorithm_are_good(authenticator: Authenticator, alg: str) -> None:
    assert (await caller(authenticator, signer.token(clock, alg=alg))).identity.user_id == USER_ID


async def test_no_token_is_nobody(authenticator: Authenticator) -> None:
    assert await authenticator.caller({}) == NOBODY


BAD: dict[str, Callable[[], str]] = {
    "expired": lambda: signer.token(clock, exp=int(clock.now().timestamp())),
    "without an end": lambda: signer.token(clock, exp=None),
    "end is text": lambda: signer.token(clock, exp="tomorrow"),
    "for another audience": lambda: signer.token(clock, aud="elsewhere"),
    "without an audience": lambda: signer.token(clock, aud=None),
    "of another issuer": lambda: signer.token(clock, iss="elsewhere"),
    "not yet valid": lambda: signer.token(clock, nbf=int(clock.now().timestamp()) + 60),
    "without a user": lambda: signer.token(clock, sub=None),
    "user with a comma": lambda: signer.token(clock, sub="a,b"),
    "role with a comma": lambda: signer.token(clock, roles=["customer,staff"]),
    "roles are text": lambda: signer.token(clock, roles="staff"),
    "session with a line break": lambda: signer.token(clock, sid="a\nb"),
    "alg none": lambda: signer.unsigned(clock),
    "HMAC with the public key": lambda: signer.confused(clock),
    "of a key with a known id": lambda: Signer("key-1").token(clock),
    "of an unknown key": lambda: Signer("key-9").token(clock),
    "signature cut off": lambda: signer.token(clock)[:-10],
    "no token at all": lambda: "abc",
    "empty": lambda: "",
    "too long": lambda: "a" * 5000,
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_401_with_a_challenge(authenticator: Authenticator, name: str) -> None:
    with pytest.raises(TokenError) as caught:
        await caller(authenticator, BAD[name]())
    problem = problem_of(caught.value)
    assert problem.status == 401
    assert problem.challenge is not None
    assert 'error="invalid_token"' in problem.challenge


@pytest.mark.parametrize("value", [b"Basic dTpw", b"Bearer", b"bearer ", b"\xff\xfe"])
async def test_another_scheme_is_refused(authenticator: Authenticator, value: bytes) -> None:
    with pytest.raises(TokenError):
        await authenticator.caller({b"authorization": value})


async def test_a_token_of_several_audiences_is_good(authenticator: Authenticator) -> None:
    assert (await caller(authenticator, signer.token(clock, aud=["x", "banyan"]))).identity.user_id == USER_ID


async def test_a_verified_token_is_remembered_until_it_expires(users: FakeUsers, seconds: Monotonic) -> None:
    moving = FakeClock()
    authenticator = Authenticator(users, moving, seconds)
    token = signer.token(moving)
    first = await caller(authenticator, token)
    assert await caller(authenticator, token) is first
    moving.advance(901)
    with pytest.raises(TokenError) as caught:
        await caller(authenticator, token)
    assert caught.value.reason == "TOKEN_EXPIRED"


async def test_the_memory_of_tokens_is_bounded(
    authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "MAX_CACHED_TOKENS", 3)
    for number in range(10):
        await caller(authenticator, signer.token(clock, sid=f"s{number}"))
    assert authenticator.remembered == 3


async def test_tokens_of_a_new_key_are_good_at_once_even_when_keys_are_rotated_in_a_row(
    authenticator: Authenticator, users: FakeUsers
) -> None:
    await caller(authenticator, signer.token(clock))
    for number in range(3):
        rotated = Signer(f"rotated-{number}")
        users.signers.append(rotated)
        assert (await caller(authenticator, rotated.token(clock))).identity.user_id == USER_ID
    assert users.asked == 4


async def test_made_up_keys_do_not_become_calls_to_their_owner(
    authenticator: Authenticator, users: FakeUsers, seconds: Monotonic
) -> None:
    await caller(authenticator, signer.token(clock))
    for number in range(50):
        with pytest.raises((TokenError, KeysUnavailable)):
            await caller(authenticator, Signer(f"made-up-{number}").token(clock))
    assert users.asked == ASK_BURST
    seconds.now += 60
    for number in range(50):
        seconds.now += 0.1
        with pytest.raises((TokenError, KeysUnavailable)):
            await caller(authenticator, Signer(f"more-{number}").token(clock))
    assert users.asked <= 2 * ASK_BURST + 1


async def test_one_made_up_key_is_looked_up_once(authenticator: Authenticator, users: FakeUsers) -> None:
    for number in range(20):
        with pytest.raises(TokenError):
            await caller(authenticator, Signer("made-up").token(clock, sid=f"s{number}"))
    assert users.asked == 1


async def test_a_key_made_while_an_answer_is_under_way_is_found(
    authenticator: Authenticator, users: FakeUsers
) -> None:
    users.answering.clear()
    first = asyncio.create_task(caller(authenticator, signer.token(clock)))
    await eventually(lambda: users.asked == 1)
    rotated = Signer("key-2")
    second = asyncio.create_task(caller(authenticator, rotated.token(clock)))
    users.signers_after_answer = [rotated]
    users.answering.set()
    assert (await first).identity.user_id == USER_ID
    assert (await second).identity.user_id == USER_ID


async def test_a_crowd_of_tokens_asks_once(authenticator: Authenticator, users: FakeUsers) -> None:
    tokens = [signer.token(clock, sid=f"s{number}") for number in range(20)]
    await asyncio.gather(*(caller(authenticator, token) for token in tokens))
    assert users.asked == 1


async def test_a_withdrawn_key_takes_its_remembered_tokens_along(
    authenticator: Authenticator, users: FakeUsers
) -> None:
    token = signer.token(clock)
    await caller(authenticator, token)
    users.signers = [Signer("key-2")]
    with pytest.raises(TokenError):
        await caller(authenticator, Signer("key-3").token(clock))  # makes it ask
    with pytest.raises(TokenError):
        await caller(authenticator, token)


async def test_without_any_key_no_token_is_judged(authenticator: Authenticator, users: FakeUsers) -> None:
    users.down = True
    with pytest.raises(KeysUnavailable) as caught:
        await caller(authenticator, signer.token(clock))
    problem = problem_of(caught.value)
    assert (problem.status, problem.retry_after_s) == (503, 1.0)


async def test_known_keys_stay_good_while_their_owner_is_down(
    authenticator: Authenticator, users: FakeUsers
) -> None:
    await caller(authenticator, signer.token(clock))
    users.down = True
    with pytest.raises(KeysUnavailable):  # it may be of a key that we have not heard of
        await caller(authenticator, Signer("key-2").token(clock))
    assert (await caller(authenticator, signer.token(clock, sid="other"))).session_id == "other"


async def test_a_guest_id_goes_along_with_and_without_a_token(authenticator: Authenticator) -> None:
    guest = "guest-0123456789abcdef"
    assert (await authenticator.caller({b"banyan-guest": guest.encode()})).identity.guest_id == guest
    both = await caller(authenticator, signer.token(clock), banyan_guest=guest.encode())
    assert (both.identity.user_id, both.identity.guest_id) == (USER_ID, guest)


@pytest.mark.parametrize("value", [b"short", b"x" * 65, b"with space 0123456789", "ä".encode() * 20])
async def test_a_malformed_guest_id_is_refused(authenticator: Authenticator, value: bytes) -> None:
    with pytest.raises(RequestError):
        await authenticator.caller({b"banyan-guest": value})


def test_keys_of_other_kinds_are_left_out(users: FakeUsers) -> None:
    from banyan.user.v1 import user_service_pb2 as pb

    odd = [
        pb.Jwk(kty="RSA", kid="a"),
        pb.Jwk(kty="OKP", crv="X25519", kid="b", x="aa"),
        pb.Jwk(kty="OKP", crv="Ed25519", kid="c", x="!"),
    ]
    assert keys_of(pb.GetJwksResponse(keys=[*odd, signer.jwk])).keys() == {"key-1"}
