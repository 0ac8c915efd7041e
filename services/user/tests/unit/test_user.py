"""What makes an account valid."""

from __future__ import annotations

import pytest

from user.domain.errors import InvalidUser
from user.domain.signing_key import SigningKey
from user.domain.user import Role, normalised_email, require_strong

from ..helpers import NOW, PASSWORD, user


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"display_name": " "}, "display_name"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"locale": "english please"}, "locale"),
        ({"roles": frozenset()}, "roles"),
    ],
)
def test_each_bad_field_is_named(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidUser) as caught:
        user(**changes)
    assert [name for name, _ in caught.value.violations] == [field]


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaa", "me@example.com"])
def test_weak_password_is_refused(password: str) -> None:
    with pytest.raises(InvalidUser) as caught:
        require_strong(password, "me@example.com")
    assert password not in str(caught.value) or not password


def test_strong_password_passes() -> None:
    require_strong(PASSWORD, "me@example.com")


def test_address_is_compared_without_case() -> None:
    assert normalised_email(" Ada@Example.COM ") == "ada@example.com"


@pytest.mark.parametrize("changes", [{}, {"email": "x@example.com"}, {"display_name": "Bob", "roles": ""}])
def test_only_name_and_locale_change(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidUser):
        user().changed(changes, NOW)


def test_staff_stay_customers() -> None:
    assert user().with_roles(frozenset({Role.STAFF}), NOW).roles == {Role.CUSTOMER, Role.STAFF}


def test_retired_key_verifies_until_its_last_token_has_expired() -> None:
    key = SigningKey(kid="k", private_jwk="{}", created_at=NOW, retired_at=NOW)
    assert key.verifies_at(NOW.replace(minute=15))
    assert not key.verifies_at(NOW.replace(minute=20))
