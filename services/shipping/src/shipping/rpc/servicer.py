"""`banyan.shipping.v1.ShippingService`: maps, calls the use case, maps back."""

from __future__ import annotations

from banyan.shipping.v1 import shipping_service_pb2 as pb
from meshkit import paging
from meshkit.clock import Clock
from meshkit.context import CallContext
from meshkit.once import Once
from shipping.app.keep_recipient import get_recipient, update_recipient
from shipping.app.ports import Store, Transaction
from shipping.app.quote_shipping import quote_shipping
from shipping.app.read_shipments import Viewer, get_shipment, list_shipments
from shipping.app.void_shipment import VoidShipment
from shipping.rpc import mapping


class ShippingServicer:
    """One method for each RPC of the contract."""

    def __init__(self, *, store: Store, once: Once[Transaction], void: VoidShipment, clock: Clock) -> None:
        self._store = store
        self._once = once
        self._void = void
        self._clock = clock

    async def QuoteShipping(
        self, request: pb.QuoteShippingRequest, _: CallContext
    ) -> pb.QuoteShippingResponse:
        """Every way to send a weight."""
        options = await quote_shipping(request.weight_grams, request.country_code)
        return pb.QuoteShippingResponse(options=[mapping.option_message(option) for option in options])

    async def ListShipments(
        self, request: pb.ListShipmentsRequest, context: CallContext
    ) -> pb.ListShipmentsResponse:
        """A page of the caller's."""
        viewer = _viewer(context)
        selection = [viewer.user_id, request.order_id]
        last = paging.decode(selection, request.page_token, [str])
        shipments, more = await list_shipments(
            self._store,
            viewer,
            order_id=request.order_id or None,
            before=str(last[0]) if last else None,
            limit=paging.page_size(request.page_size),
        )
        return pb.ListShipmentsResponse(
            shipments=[mapping.shipment_message(shipment) for shipment in shipments],
            next_page_token=paging.encode(selection, [shipments[-1].id]) if more else "",
        )

    async def GetShipment(
        self, request: pb.GetShipmentRequest, context: CallContext
    ) -> pb.GetShipmentResponse:
        """One of the caller's."""
        shipment = await get_shipment(self._store, _viewer(context), request.shipment_id)
        return pb.GetShipmentResponse(shipment=mapping.shipment_message(shipment))

    async def GetRecipient(self, _: pb.GetRecipientRequest, context: CallContext) -> pb.GetRecipientResponse:
        """The caller as a recipient."""
        recipient = await get_recipient(self._store, _viewer(context).user_id)
        return pb.GetRecipientResponse(recipient=mapping.recipient_message(recipient))

    async def UpdateRecipient(
        self, request: pb.UpdateRecipientRequest, context: CallContext
    ) -> pb.UpdateRecipientResponse:
        """Replaces the caller's addresses and preferences, once for each request id."""
        recipient = mapping.recipient_of(_viewer(context).user_id, request.recipient)

        async def effect(tx: Transaction) -> pb.UpdateRecipientResponse:
            kept = await update_recipient(tx, recipient, self._clock.now())
            return pb.UpdateRecipientResponse(recipient=mapping.recipient_message(kept))

        return await self._once(context, request, pb.UpdateRecipientResponse, effect)

    async def VoidShipment(self, request: pb.VoidShipmentRequest, _: CallContext) -> pb.VoidShipmentResponse:
        """Stops an order's shipment."""
        shipment = await self._void.run(request.order_id)
        return pb.VoidShipmentResponse(shipment=mapping.shipment_message(shipment) if shipment else None)


def _viewer(context: CallContext) -> Viewer:
    return Viewer(user_id=context.identity.user_id or "", is_staff=context.identity.is_staff)
