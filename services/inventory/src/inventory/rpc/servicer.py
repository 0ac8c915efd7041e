"""`banyan.inventory.v1.InventoryService`: maps, calls the use case, maps back."""

from __future__ import annotations

from banyan.inventory.v1 import inventory_service_pb2 as pb
from inventory.app import keep_stock, read, settle
from inventory.app.ports import StockWriter, Warehouse
from inventory.app.reserve_together import Ask, Reserver
from inventory.rpc import mapping
from meshkit.clock import Clock
from meshkit.context import CallContext
from meshkit.once import Once


class InventoryServicer:
    """One method for each RPC of the contract."""

    def __init__(
        self, warehouse: Warehouse, reserver: Reserver, once: Once[StockWriter], clock: Clock
    ) -> None:
        self._warehouse = warehouse
        self._reserver = reserver
        self._once = once
        self._clock = clock

    async def GetStock(self, request: pb.GetStockRequest, context: CallContext) -> pb.GetStockResponse:
        """The stock of one product."""
        stock = await read.get_stock(self._warehouse, request.product_id)
        return pb.GetStockResponse(stock=mapping.stock_message(stock, staff=context.identity.is_staff))

    async def BatchGetStock(
        self, request: pb.BatchGetStockRequest, context: CallContext
    ) -> pb.BatchGetStockResponse:
        """The stock of several products."""
        stocks = await read.batch_get_stock(self._warehouse, request.product_ids)
        staff = context.identity.is_staff
        return pb.BatchGetStockResponse(
            stocks=[mapping.stock_message(stock, staff=staff) for stock in stocks]
        )

    async def UpdateStock(
        self, request: pb.UpdateStockRequest, context: CallContext
    ) -> pb.UpdateStockResponse:
        """Stocktaking, once for each request id."""

        async def effect(stock: StockWriter) -> pb.UpdateStockResponse:
            counted = await keep_stock.update_stock(
                stock,
                request.product_id,
                on_hand=request.on_hand,
                safety_stock=request.safety_stock if request.HasField("safety_stock") else None,
                now=self._clock.now(),
            )
            return pb.UpdateStockResponse(stock=mapping.stock_message(counted, staff=True))

        return await self._once(context, request, pb.UpdateStockResponse, effect)

    async def ReceiveGoods(
        self, request: pb.ReceiveGoodsRequest, context: CallContext
    ) -> pb.ReceiveGoodsResponse:
        """Goods come in, once for each request id."""

        async def effect(stock: StockWriter) -> pb.ReceiveGoodsResponse:
            fuller = await keep_stock.receive_goods(
                stock, request.product_id, request.quantity, now=self._clock.now()
            )
            return pb.ReceiveGoodsResponse(stock=mapping.stock_message(fuller, staff=True))

        return await self._once(context, request, pb.ReceiveGoodsResponse, effect)

    async def Reserve(self, request: pb.ReserveRequest, _: CallContext) -> pb.ReserveResponse:
        """Sets units aside for an order."""
        items = mapping.items_of(request.items)
        ttl = mapping.ttl_of(request.ttl, request.HasField("ttl"))
        held = await self._reserver.reserve(Ask(request.order_id, tuple(items.items()), ttl))
        return pb.ReserveResponse(reservation=mapping.reservation_message(held))

    async def CommitReservation(
        self, request: pb.CommitReservationRequest, _: CallContext
    ) -> pb.CommitReservationResponse:
        """Turns a reservation into a sale."""
        async with self._warehouse.transaction() as stock:
            sold = await settle.commit(stock, request.order_id, now=self._clock.now())
        return pb.CommitReservationResponse(reservation=mapping.reservation_message(sold))

    async def ReleaseReservation(
        self, request: pb.ReleaseReservationRequest, _: CallContext
    ) -> pb.ReleaseReservationResponse:
        """Gives a reservation back."""
        async with self._warehouse.transaction() as stock:
            ended = await settle.release(stock, request.order_id, now=self._clock.now())
        return pb.ReleaseReservationResponse(reservation=mapping.reservation_message(ended))

    async def GetReservation(
        self, request: pb.GetReservationRequest, _: CallContext
    ) -> pb.GetReservationResponse:
        """An order's reservation."""
        reservation = await read.get_reservation(self._warehouse, request.order_id)
        return pb.GetReservationResponse(reservation=mapping.reservation_message(reservation))

    async def ImportStock(self, request: pb.ImportStockRequest, _: CallContext) -> pb.ImportStockResponse:
        """Makes stock for products that have none."""
        items = mapping.items_of(request.items)
        async with self._warehouse.transaction() as stock:
            made = await keep_stock.import_stock(stock, items, now=self._clock.now())
        return pb.ImportStockResponse(created_count=made)
