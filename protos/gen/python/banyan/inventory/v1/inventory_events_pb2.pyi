from banyan.inventory.v1 import inventory_pb2 as _inventory_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StockChanged(_message.Message):
    __slots__ = ("stock", "cause", "order_id")
    class Cause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CAUSE_UNSPECIFIED: _ClassVar[StockChanged.Cause]
        CAUSE_RECEIVED: _ClassVar[StockChanged.Cause]
        CAUSE_ADJUSTED: _ClassVar[StockChanged.Cause]
        CAUSE_RESERVED: _ClassVar[StockChanged.Cause]
        CAUSE_COMMITTED: _ClassVar[StockChanged.Cause]
        CAUSE_RELEASED: _ClassVar[StockChanged.Cause]
        CAUSE_EXPIRED: _ClassVar[StockChanged.Cause]
        CAUSE_RESTOCKED: _ClassVar[StockChanged.Cause]
    CAUSE_UNSPECIFIED: StockChanged.Cause
    CAUSE_RECEIVED: StockChanged.Cause
    CAUSE_ADJUSTED: StockChanged.Cause
    CAUSE_RESERVED: StockChanged.Cause
    CAUSE_COMMITTED: StockChanged.Cause
    CAUSE_RELEASED: StockChanged.Cause
    CAUSE_EXPIRED: StockChanged.Cause
    CAUSE_RESTOCKED: StockChanged.Cause
    STOCK_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    stock: _inventory_pb2.Stock
    cause: StockChanged.Cause
    order_id: str
    def __init__(self, stock: _Optional[_Union[_inventory_pb2.Stock, _Mapping]] = ..., cause: _Optional[_Union[StockChanged.Cause, str]] = ..., order_id: _Optional[str] = ...) -> None: ...
