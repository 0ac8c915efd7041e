"""Who may call an RPC: the method option `(banyan.options.v1.access)`, enforced before the handler runs."""

from __future__ import annotations

from typing import Any, Final, cast

from google.protobuf.descriptor import MethodDescriptor

from banyan.options.v1 import options_pb2
from meshkit.context import Identity
from meshkit.errors import PlatformError

PUBLIC: Final = int(options_pb2.ACCESS_PUBLIC)
USER: Final = int(options_pb2.ACCESS_USER)
STAFF: Final = int(options_pb2.ACCESS_STAFF)
INTERNAL: Final = int(options_pb2.ACCESS_INTERNAL)


def access_of(method: MethodDescriptor) -> int:
    """The method's access; an unset option means INTERNAL, so that forgetting it never opens an RPC."""
    extension = cast(Any, options_pb2.access)  # its generated stub is wider than `Extensions` asks for
    value = int(method.GetOptions().Extensions[extension])
    return value or INTERNAL


def check(access: int, identity: Identity) -> None:
    """Raises UNAUTHENTICATED or PERMISSION_DENIED when `identity` may not call a method of this access.

    INTERNAL passes: the edge offers no route to such a method, and the network lets only the mesh in.
    """
    if access in (PUBLIC, INTERNAL):
        return
    if not identity.user_id:
        raise PlatformError("unauthenticated", "UNAUTHENTICATED", "this call needs a signed-in user")
    if access == STAFF and not identity.is_staff:
        raise PlatformError("permission_denied", "STAFF_ONLY", "this call needs the staff role")
