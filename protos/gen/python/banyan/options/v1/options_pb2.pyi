from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Access(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCESS_UNSPECIFIED: _ClassVar[Access]
    ACCESS_PUBLIC: _ClassVar[Access]
    ACCESS_USER: _ClassVar[Access]
    ACCESS_STAFF: _ClassVar[Access]
    ACCESS_INTERNAL: _ClassVar[Access]

class Idempotency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDEMPOTENCY_UNSPECIFIED: _ClassVar[Idempotency]
    IDEMPOTENCY_OPTIONAL: _ClassVar[Idempotency]
    IDEMPOTENCY_REQUIRED: _ClassVar[Idempotency]
    IDEMPOTENCY_WHEN_GIVEN: _ClassVar[Idempotency]
ACCESS_UNSPECIFIED: Access
ACCESS_PUBLIC: Access
ACCESS_USER: Access
ACCESS_STAFF: Access
ACCESS_INTERNAL: Access
IDEMPOTENCY_UNSPECIFIED: Idempotency
IDEMPOTENCY_OPTIONAL: Idempotency
IDEMPOTENCY_REQUIRED: Idempotency
IDEMPOTENCY_WHEN_GIVEN: Idempotency
ACCESS_FIELD_NUMBER: _ClassVar[int]
access: _descriptor.FieldDescriptor
IDEMPOTENCY_FIELD_NUMBER: _ClassVar[int]
idempotency: _descriptor.FieldDescriptor
BUDGET_MILLIS_FIELD_NUMBER: _ClassVar[int]
budget_millis: _descriptor.FieldDescriptor
HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
http_status: _descriptor.FieldDescriptor
