"""Takes personal data out of words that others wrote: an error of a library may quote the row or input it is about."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = "[redacted]"
_PATTERNS: Final = (
    # PostgreSQL quotes the offending key or row.
    re.compile(r"(?<=DETAIL:)[^\n]*"),
    # pydantic quotes the offending value.
    re.compile(r"(?<=input_value=).*?(?=, input_type=)", re.DOTALL),
    # E-mail addresses.
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    # User and password of an address.
    re.compile(r"(?<=://)[^/@\s]+(?=@)"),
    # Signed tokens: three parts, of which the first begins a JSON object.
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"),
    # Card numbers, plain or in groups of four.
    re.compile(r"\b(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3})\b"),
)


def redact(text: str) -> str:
    """`text` without addresses, credentials, tokens, card numbers and quoted rows."""
    for pattern in _PATTERNS:
        text = pattern.sub(_MARK, text)
    return text
