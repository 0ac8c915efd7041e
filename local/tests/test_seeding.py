"""The seed is the same everywhere, and is planted once."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from local.seeding.catalogue import categories, products
from local.seeding.people import CUSTOMERS, PASSWORD_VARIABLE, staff_from_environment
from local.seeding.step import marker, plan

SERVICES = ("product", "inventory", "user")


@pytest.fixture(autouse=True)
def no_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BANYAN_STAFF_EMAIL", raising=False)
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)


def test_there_are_a_thousand_different_products_on_twenty_shelves() -> None:
    rows = products()
    assert len(rows) == len({row.product_id for row in rows}) == len({row.name for row in rows}) == 1000
    assert len({row.slug for row in categories()}) == 20
    assert {row.category_id for row in rows} == {row.category_id for row in categories()}


def test_the_seed_never_changes_by_chance() -> None:
    first, last = products()[0], products()[-1]
    assert (first.product_id, first.name, first.price_minor) == (
        "019b76da-a800-764c-bd91-7a91e58558b1",
        "Stoneware Saucer",
        599,
    )
    assert (last.name, last.stock) == ("All-weather Helmet", 693)
    assert products() == products()


def test_prices_weights_and_stock_are_sensible() -> None:
    for row in products():
        assert 199 <= row.price_minor <= 49999
        assert 1 <= row.weight_grams <= 100_000
        assert 1 <= row.stock <= 100_000


def test_ids_are_uuids_of_version_7_in_order() -> None:
    ids = [row.product_id for row in products()]
    assert ids == sorted(ids)
    made = [uuid.UUID(text) for text in (*ids, *(row.user_id for row in CUSTOMERS))]
    assert {value.version for value in made} == {7}
    assert {value.variant for value in made} == {uuid.RFC_4122}


def planted(data: Path, environment: dict[str, str]) -> tuple[str, ...]:
    todo = plan(data, SERVICES, environment, again=False)
    marker(data).write_text(json.dumps(dict(todo.marks)))
    return todo.services


def test_it_is_planted_once(tmp_path: Path) -> None:
    assert planted(tmp_path, {}) == SERVICES
    assert planted(tmp_path, {}) == ()
    assert plan(tmp_path, SERVICES, {}, again=True).services == SERVICES


def test_a_new_staff_password_is_set_and_only_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, {})
    monkeypatch.setenv(PASSWORD_VARIABLE, "a very long password")
    environment = {PASSWORD_VARIABLE: "a very long password"}
    assert planted(tmp_path, environment) == ("user",)
    assert planted(tmp_path, environment) == ()
    assert "very long" not in marker(tmp_path).read_text()


def test_staff_passwords_are_random_when_unset() -> None:
    first, second = staff_from_environment(), staff_from_environment()
    assert first.generated
    assert first.password != second.password
    assert len(first.password) >= 16
