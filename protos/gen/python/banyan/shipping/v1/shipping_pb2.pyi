import datetime

from banyan.common.v1 import postal_address_pb2 as _postal_address_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ShipmentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHIPMENT_STATE_UNSPECIFIED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_PENDING: _ClassVar[ShipmentState]
    SHIPMENT_STATE_LABELLED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_DISPATCHED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_DELIVERED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_VOIDED: _ClassVar[ShipmentState]

class Speed(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SPEED_UNSPECIFIED: _ClassVar[Speed]
    SPEED_STANDARD: _ClassVar[Speed]
    SPEED_EXPRESS: _ClassVar[Speed]
SHIPMENT_STATE_UNSPECIFIED: ShipmentState
SHIPMENT_STATE_PENDING: ShipmentState
SHIPMENT_STATE_LABELLED: ShipmentState
SHIPMENT_STATE_DISPATCHED: ShipmentState
SHIPMENT_STATE_DELIVERED: ShipmentState
SHIPMENT_STATE_VOIDED: ShipmentState
SPEED_UNSPECIFIED: Speed
SPEED_STANDARD: Speed
SPEED_EXPRESS: Speed

class Shipment(_message.Message):
    __slots__ = ("shipment_id", "order_id", "user_id", "state", "speed", "weight_grams", "destination", "tracking_number", "tracking_events", "create_time", "update_time")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_EVENTS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    order_id: str
    user_id: str
    state: ShipmentState
    speed: Speed
    weight_grams: int
    destination: _postal_address_pb2.PostalAddress
    tracking_number: str
    tracking_events: _containers.RepeatedCompositeFieldContainer[TrackingEvent]
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, shipment_id: _Optional[str] = ..., order_id: _Optional[str] = ..., user_id: _Optional[str] = ..., state: _Optional[_Union[ShipmentState, str]] = ..., speed: _Optional[_Union[Speed, str]] = ..., weight_grams: _Optional[int] = ..., destination: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., tracking_number: _Optional[str] = ..., tracking_events: _Optional[_Iterable[_Union[TrackingEvent, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TrackingEvent(_message.Message):
    __slots__ = ("status", "time")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    status: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, status: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Recipient(_message.Message):
    __slots__ = ("customer_id", "addresses", "preferences", "update_time")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    addresses: _containers.RepeatedCompositeFieldContainer[_postal_address_pb2.PostalAddress]
    preferences: DeliveryPreferences
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, customer_id: _Optional[str] = ..., addresses: _Optional[_Iterable[_Union[_postal_address_pb2.PostalAddress, _Mapping]]] = ..., preferences: _Optional[_Union[DeliveryPreferences, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeliveryPreferences(_message.Message):
    __slots__ = ("speed", "leave_at_door", "instructions")
    SPEED_FIELD_NUMBER: _ClassVar[int]
    LEAVE_AT_DOOR_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    speed: Speed
    leave_at_door: bool
    instructions: str
    def __init__(self, speed: _Optional[_Union[Speed, str]] = ..., leave_at_door: _Optional[bool] = ..., instructions: _Optional[str] = ...) -> None: ...
