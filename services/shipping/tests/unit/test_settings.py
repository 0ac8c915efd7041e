"""Settings that contradict each other are refused with what to change."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from shipping.settings import ShippingSettings


def test_labels_may_not_take_all_of_the_calls_to_the_carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPPING_DATABASE_URL", "postgresql://shipping@127.0.0.1/shipping")
    monkeypatch.setenv("CARRIER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SHIPPING_CARRIER_MAX_CONCURRENT", "8")
    with pytest.raises(ValidationError, match="SHIPPING_LABEL_CONCURRENCY: must be below"):
        ShippingSettings()  # type: ignore[call-arg]
    monkeypatch.setenv("SHIPPING_LABEL_CONCURRENCY", "7")
    assert ShippingSettings().label_concurrency == 7  # type: ignore[call-arg]
