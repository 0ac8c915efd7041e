"""Platform code is about how to run a service: no shop noun in it, no contract but the options it enforces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.tree import PLATFORM_SOURCES, python_imports, report, sources, text

# Services and what they keep. Not `user` (whoever calls is one) and not `order` as a word (things come in some order).
NOUNS: Final = frozenset(
    "basket cart catalogue category charge checkout coupon courier customer discount goods inventory"  # noqa: SIM905 - a list of forty words reads better so
    " loyalty notification parcel payment price product purchase recipient refund reservation"
    " seller shipment shipping sku stock warehouse wishlist".split()
)
AN_ORDER: Final = re.compile(
    r"\bOrder[A-Z]\w*|\b[Oo]rders?_\w+|\bORDER_\w+|[\"'`](order|orders|ORDER)[\"'`.>]"
)
WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
OWN_PACKAGE: Final = re.compile(r"banyan[./](services/)?(cart|payment|notification)\b")
# Words of a library or a protocol that happen to be ours as well.
ALLOWED: Final = {
    ("relay.py", "notification"): "PostgreSQL's NOTIFY",
    ("outbox.py", "notification"): "PostgreSQL's NOTIFY",
    ("OutboxTable.java", "notification"): "PostgreSQL's NOTIFY, as the driver calls it",
    ("OutboxRelay.java", "notification"): "PostgreSQL's NOTIFY",
    ("logger.ts", "recipient"): "a field name that is starred wherever it turns up",
    ("LogSetup.java", "payment"): "logback finds it by itself, before there are settings to tell it the name",
}


def nouns_in(line: str) -> Iterator[str]:
    """The shop nouns of a line, inside identifiers too."""
    for word in WORD.findall(OWN_PACKAGE.sub("", line)):
        lower = word.lower()
        yield from {lower, lower.removesuffix("s"), lower.removesuffix("es")} & NOUNS
    yield from (f"an order ({found[0]})" for found in AN_ORDER.finditer(line))


@pytest.mark.parametrize("language", PLATFORM_SOURCES)
def test_platform_code_has_no_shop_noun(language: str) -> None:
    names = sources(PLATFORM_SOURCES[language])
    assert len(names) > 10, f"no platform code in {PLATFORM_SOURCES[language]}"
    found = [
        f"{name}:{number}: {noun}: {line.strip()[:100]}"
        for name in names
        if not name.endswith(("_test.go", "Test.java"))
        for number, line in enumerate(text(name).splitlines(), 1)
        for noun in nouns_in(line)
        if (name.rsplit("/", 1)[1], noun) not in ALLOWED
    ]
    report(found, "would a bank, a game or a clinic use this unchanged?")


def test_the_kit_imports_no_contract_but_options_and_rules() -> None:
    own = ("banyan.options.v1.options_pb2", "buf.validate")
    found = [
        found
        for name in sources(PLATFORM_SOURCES["python"], suffixes=(".py",))
        for found in python_imports(name)
        if found.top in ("banyan", "buf") and not found.within(*own)
    ]
    report(found, "the kit stays below every service")


@pytest.mark.parametrize("language", ["go", "java", "typescript"])
def test_platform_folders_import_no_contract_but_options_and_rules(language: str) -> None:
    contract = re.compile(r"banyan[./](?!options)(\w+)[./]v1")
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in sources(PLATFORM_SOURCES[language], tests=False)
        for number, line in enumerate(text(name).splitlines(), 1)
        if contract.search(line) and not line.lstrip().startswith(("//", "*"))
    ]
    report(found, "the kit stays below its service")
