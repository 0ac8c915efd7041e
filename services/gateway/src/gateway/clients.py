"""One channel for each upstream, and the checking that every public method has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from gateway.catalog import CatalogError, Route
from gateway.settings import GatewaySettings
from meshkit.client import Channel, Pairs, Response

R = TypeVar("R", bound=Message)


class Upstream(Protocol):
    """What the gateway needs of a channel."""

    async def call(
        self,
        method: str,
        request: Message,
        response_type: type[R],
        *,
        timeout_s: float | None = None,
        metadata: Pairs = (),
    ) -> Response[R]:
        """One call: the answer and the metadata that came before it."""
        ...


Mesh = Mapping[str, Upstream]


def open_channels(settings: GatewaySettings) -> dict[str, Channel]:
    """A channel for each `<name>_addr` of the settings; connections open with the first calls."""
    suffix = "_addr"
    names = [field.removesuffix(suffix) for field in type(settings).model_fields if field.endswith(suffix)]
    return {
        name: Channel(
            name, getattr(settings, name + suffix), settings, max_concurrent=settings.max_concurrent_calls
        )
        for name in names
    }


def check_upstreams(routes: Iterable[Route], mesh: Mesh) -> None:
    """Raises CatalogError for public methods of services that the gateway has no address for."""
    missing = sorted({route.upstream for route in routes} - set(mesh))
    if missing:
        raise CatalogError([f"no setting {name.upper()}_ADDR for its public methods" for name in missing])
