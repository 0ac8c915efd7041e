"""Page tokens come back as they went out, and only to the query that made them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshkit.errors import PlatformError
from meshkit.paging import decode, encode, page_size


@given(st.text(), st.integers(-(2**53), 2**53))
def test_token_gives_back_its_key(text: str, number: int) -> None:
    assert decode(["q", 1], encode(["q", 1], [text, number]), [str, int]) == [text, number]


@pytest.mark.parametrize(
    "token", ["x", "!!", "bnVsbA", "W10", encode(["other"], ["a", 1]), encode(["q"], [1, "a"])]
)
def test_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(PlatformError) as caught:
        decode(["q"], token, [str, int])
    assert caught.value.reason == "PAGE_TOKEN_INVALID"
    assert caught.value.violations[0][0] == "page_token"


def test_page_size_has_default_and_cap() -> None:
    assert [page_size(asked) for asked in (0, 1, 100, 500)] == [20, 1, 100, 100]
