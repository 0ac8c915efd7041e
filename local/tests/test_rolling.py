"""The order of a rolling restart, and what it refuses."""

from __future__ import annotations

import pytest

from local.errors import LocalError
from local.rolling import rolling_order
from local.topology import split_name


def rows(*names: str) -> list[dict[str, str]]:
    return [
        {"kind": "service", "group": name.rsplit("-", 1)[0] if name.endswith("-2") else name, "name": name}
        for name in names
    ]


TWO_OF_EACH = rows("gateway", "gateway-2", "order", "order-2", "payment", "payment-2")


def test_callees_go_before_their_callers_and_replicas_one_by_one() -> None:
    stores = [{"kind": "store", "group": "nats", "name": "nats"}]
    wanted = ["payment-1", "payment-2", "order-1", "order-2", "gateway-1", "gateway-2"]
    assert rolling_order(TWO_OF_EACH + stores) == wanted


def test_only_the_services_that_are_named() -> None:
    assert rolling_order(TWO_OF_EACH, ["gateway", "payment"]) == [
        "payment-1",
        "payment-2",
        "gateway-1",
        "gateway-2",
    ]


def test_a_service_alone_is_refused_with_what_to_do() -> None:
    with pytest.raises(LocalError, match=r"one replica of order, cart .*scale order=2"):
        rolling_order(rows("order", "cart", "payment", "payment-2"))


def test_a_service_that_does_not_run_is_refused() -> None:
    with pytest.raises(LocalError, match="user is not part of this mesh"):
        rolling_order(TWO_OF_EACH, ["user"])
    with pytest.raises(LocalError, match="did you mean order"):
        rolling_order(TWO_OF_EACH, ["ordre"])


def test_each_step_means_one_process() -> None:
    """`payment` is all replicas of payment: restarting that would leave nobody."""
    assert all(split_name(name)[1] is not None for name in rolling_order(TWO_OF_EACH))
