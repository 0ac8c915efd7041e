from banyan.common.v1 import money_pb2 as _money_pb2
from banyan.options.v1 import options_pb2 as _options_pb2
from banyan.shipping.v1 import shipping_pb2 as _shipping_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QuoteShippingRequest(_message.Message):
    __slots__ = ("weight_grams", "country_code")
    WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_CODE_FIELD_NUMBER: _ClassVar[int]
    weight_grams: int
    country_code: str
    def __init__(self, weight_grams: _Optional[int] = ..., country_code: _Optional[str] = ...) -> None: ...

class QuoteShippingResponse(_message.Message):
    __slots__ = ("options",)
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    options: _containers.RepeatedCompositeFieldContainer[ShippingOption]
    def __init__(self, options: _Optional[_Iterable[_Union[ShippingOption, _Mapping]]] = ...) -> None: ...

class ShippingOption(_message.Message):
    __slots__ = ("speed", "price", "min_days", "max_days")
    SPEED_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    MIN_DAYS_FIELD_NUMBER: _ClassVar[int]
    MAX_DAYS_FIELD_NUMBER: _ClassVar[int]
    speed: _shipping_pb2.Speed
    price: _money_pb2.Money
    min_days: int
    max_days: int
    def __init__(self, speed: _Optional[_Union[_shipping_pb2.Speed, str]] = ..., price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., min_days: _Optional[int] = ..., max_days: _Optional[int] = ...) -> None: ...

class ListShipmentsRequest(_message.Message):
    __slots__ = ("order_id", "page_size", "page_token")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    page_size: int
    page_token: str
    def __init__(self, order_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListShipmentsResponse(_message.Message):
    __slots__ = ("shipments", "next_page_token")
    SHIPMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    shipments: _containers.RepeatedCompositeFieldContainer[_shipping_pb2.Shipment]
    next_page_token: str
    def __init__(self, shipments: _Optional[_Iterable[_Union[_shipping_pb2.Shipment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetShipmentRequest(_message.Message):
    __slots__ = ("shipment_id",)
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    def __init__(self, shipment_id: _Optional[str] = ...) -> None: ...

class GetShipmentResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: _shipping_pb2.Shipment
    def __init__(self, shipment: _Optional[_Union[_shipping_pb2.Shipment, _Mapping]] = ...) -> None: ...

class GetRecipientRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRecipientResponse(_message.Message):
    __slots__ = ("recipient",)
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    recipient: _shipping_pb2.Recipient
    def __init__(self, recipient: _Optional[_Union[_shipping_pb2.Recipient, _Mapping]] = ...) -> None: ...

class UpdateRecipientRequest(_message.Message):
    __slots__ = ("recipient", "request_id")
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    recipient: _shipping_pb2.Recipient
    request_id: str
    def __init__(self, recipient: _Optional[_Union[_shipping_pb2.Recipient, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdateRecipientResponse(_message.Message):
    __slots__ = ("recipient",)
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    recipient: _shipping_pb2.Recipient
    def __init__(self, recipient: _Optional[_Union[_shipping_pb2.Recipient, _Mapping]] = ...) -> None: ...

class VoidShipmentRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class VoidShipmentResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: _shipping_pb2.Shipment
    def __init__(self, shipment: _Optional[_Union[_shipping_pb2.Shipment, _Mapping]] = ...) -> None: ...
