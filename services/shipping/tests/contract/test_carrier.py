"""One suite for every implementation of the Carrier port: the tests' own, and HTTP to the real stand-in."""

from __future__ import annotations

import asyncio

from shipping.app.ports import Carrier, Tracking
from shipping.domain.shipment import CARRIER_STATES

from ..builders import FakeCarrier, a_shipment


async def test_label_is_the_same_for_one_shipment_and_its_own_for_each(carrier: Carrier) -> None:
    one, other = a_shipment(), a_shipment()
    bought = await asyncio.gather(*(carrier.buy_label(one) for _ in range(5)))
    assert len(set(bought)) == 1
    assert await carrier.buy_label(other) != bought[0]
    assert bought[0].url.startswith("http")


async def test_label_can_be_taken_back_again_and_again(carrier: Carrier) -> None:
    number = (await carrier.buy_label(a_shipment())).tracking_number
    assert await carrier.void(number)
    assert await carrier.void(number)


async def test_unknown_label_is_nothing_to_take_back(carrier: Carrier) -> None:
    assert await carrier.void("BN-unknown")


async def test_known_parcels_are_tracked_and_unknown_ones_left_out(carrier: Carrier) -> None:
    shipment = a_shipment()
    number = (await carrier.buy_label(shipment)).tracking_number
    if isinstance(carrier, FakeCarrier):
        carrier.statuses[number] = Tracking("label_created", shipment.created_at)
    found = await carrier.trackings([number, "BN-unknown"])
    assert list(found) == [number]
    assert found[number].status in CARRIER_STATES
    assert found[number].time.tzinfo is not None
