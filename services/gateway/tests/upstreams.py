"""Every service of the contracts, served for real on one port, answering what a test wants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from gateway import catalog
from meshkit.methods import GrpcService, grpc_service
from meshkit.server import App
from meshkit.settings import ServiceSettings
from services.gateway.tests.tokens import Signer

Answer = Callable[[Any, Any], Awaitable[Any]]


class Upstreams:
    """Answers each RPC with an empty response, or with `answers[<rpc name>]`; keeps what it was asked."""

    def __init__(self, signer: Signer) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, Any, dict[str, str]]] = []
        self._signer = signer
        self.answers["GetJwks"] = self._jwks

    def requests_of(self, rpc: str) -> list[Any]:
        """The requests of one RPC, in order."""
        return [request for name, request, _ in self.asked if name == rpc]

    def metadata_of(self, rpc: str) -> dict[str, str]:
        """What came along with the last request of one RPC."""
        return next(metadata for name, _, metadata in reversed(self.asked) if name == rpc)

    def app(self) -> App:
        """All of them as one process."""
        settings = ServiceSettings(grpc_listen="127.0.0.1:0", admin_listen="127.0.0.1:0")
        return App("upstreams", settings, services=[self._serve(s) for s in catalog.public_services()])

    def _serve(self, service: ServiceDescriptor) -> GrpcService:
        methods = {method.name: self._method(method) for method in service.methods}
        return grpc_service(service, type("Servicer", (), methods)())

    def _method(self, method: MethodDescriptor) -> Callable[[Any, Any, Any], Awaitable[Any]]:
        response_type = GetMessageClass(method.output_type)

        async def answer(_self: Any, request: Any, context: Any) -> Any:
            self.asked.append((method.name, request, dict(context.metadata)))
            wanted = self.answers.get(method.name)
            return response_type() if wanted is None else await wanted(request, context)

        return answer

    async def _jwks(self, _request: Any, _context: Any) -> Any:
        from banyan.user.v1 import user_service_pb2 as pb

        return pb.GetJwksResponse(keys=[self._signer.jwk])
