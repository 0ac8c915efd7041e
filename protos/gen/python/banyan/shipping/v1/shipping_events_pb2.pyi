from banyan.shipping.v1 import shipping_pb2 as _shipping_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ShipmentCreated(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: _shipping_pb2.Shipment
    def __init__(self, shipment: _Optional[_Union[_shipping_pb2.Shipment, _Mapping]] = ...) -> None: ...

class ShipmentDispatched(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: _shipping_pb2.Shipment
    def __init__(self, shipment: _Optional[_Union[_shipping_pb2.Shipment, _Mapping]] = ...) -> None: ...

class ShipmentDelivered(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: _shipping_pb2.Shipment
    def __init__(self, shipment: _Optional[_Union[_shipping_pb2.Shipment, _Mapping]] = ...) -> None: ...
