"""Stops an order's shipment while the caller waits; a carrier that knows the parcel has to agree."""

from __future__ import annotations

from dataclasses import dataclass

from shipping.app.ports import Carrier, Clock, Store
from shipping.domain.errors import CarrierRefused, ShipmentDispatched
from shipping.domain.shipment import Shipment, State


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidShipment:
    """Safe to repeat, and to run twice at once: the carrier's answers and the end state are the same."""

    store: Store
    carrier: Carrier
    clock: Clock

    async def run(self, order_id: str) -> Shipment | None:
        """The voided shipment, or None when there was none and now never will be.

        Raises ShipmentDispatched when it is too late, CarrierUnavailable when the carrier can't be asked.
        """
        async with self.store.transaction() as tx:
            await tx.lock_order(order_id)
            shipment = await tx.of_order(order_id)
            if shipment is None:
                await tx.stop_order(order_id, self.clock.now())
                return None
            if shipment.has_left:
                raise ShipmentDispatched(shipment.id)
            if shipment.state == State.VOIDED:
                return shipment
            if not shipment.known_to_carrier:
                voided = shipment.voided(self.clock.now())
                await tx.save(voided)
                return voided
        return await self.with_carrier(shipment)

    async def with_carrier(self, shipment: Shipment) -> Shipment:
        """Asks the carrier, then writes down what it said. No transaction is open while the carrier is asked.

        A label in doubt is bought under the same key first: that gives the one made before, if there is one.
        """
        agreed = await self._ask(shipment)
        async with self.store.transaction() as tx:
            current = await tx.get_locked(shipment.id) or shipment
            if current.state == State.VOIDED:
                return current
            now = self.clock.now()
            if agreed and not current.has_left:
                current = current.voided(now)
                await tx.save(current)
                return current
            if current.void_requested:
                await tx.save(current.not_voided(now))
        raise ShipmentDispatched(shipment.id)

    async def _ask(self, shipment: Shipment) -> bool:
        number = shipment.tracking_number
        if number is None:
            try:
                number = (await self.carrier.buy_label(shipment)).tracking_number
            except CarrierRefused:
                return True  # it never made a label, so there is nothing to take back
        return await self.carrier.void(number)
