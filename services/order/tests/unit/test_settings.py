"""Settings: what is required, what is refused, what is never shown."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from meshkit.settings import describe, problems
from order.domain.money import Money
from order.settings import OrderSettings

ADDRESSES = {
    f"{name}_addr": f"{name}:50051" for name in ("cart", "product", "inventory", "payment", "shipping")
}
DSN = SecretStr("postgres://order:hidden@db:5432/order")


def _settings(**more: object) -> OrderSettings:
    return OrderSettings(database_url=DSN, **ADDRESSES, **more)  # type: ignore[arg-type]


def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CART", "PRODUCT", "INVENTORY", "PAYMENT", "SHIPPING"):
        monkeypatch.delenv(f"{name}_ADDR", raising=False)
    monkeypatch.delenv("ORDER_DATABASE_URL", raising=False)
    with pytest.raises(ValidationError) as error:
        OrderSettings()  # type: ignore[call-arg]
    named = " ".join(problems(OrderSettings, error.value))
    for variable in ("ORDER_DATABASE_URL", "CART_ADDR", "PRODUCT_ADDR", "INVENTORY_ADDR", "PAYMENT_ADDR"):
        assert variable in named


def test_production_needs_a_key_for_tokens() -> None:
    with pytest.raises(ValidationError, match="ORDER_TOKEN_KEY"):
        _settings(environment="production")
    kept = _settings(environment="production", token_key=SecretStr("k"))
    assert kept.token_secret == "k"


def test_defaults_are_those_of_the_contract_and_secrets_are_starred() -> None:
    settings = _settings()
    assert settings.credit_limit == Money(1_000_000, "EUR")
    assert settings.reservation_ttl_s == 900
    shown = " ".join(describe(settings).values())
    assert "hidden" not in shown
