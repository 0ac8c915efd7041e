"""Server reflection, `grpc.reflection.v1` and its forerunner `v1alpha`, whose messages are alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2 as pb

from meshkit.rpc import wiring
from meshkit.rpc.handling import OK, Handler, Incoming, Status

SERVICES: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_NOT_FOUND: Final = 5


class Reflection:
    """Tells the files that describe `services` and all that they use."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = sorted({*services, *SERVICES})
        self._pool = descriptor_pool.Default()

    def handlers(self) -> dict[str, Handler]:
        """By path."""
        return {f"/{name}/ServerReflectionInfo": Handler(stream=self._info) for name in SERVICES}

    async def _info(self, call: Incoming) -> Status:
        async for payload in call.messages():
            try:
                request = pb.ServerReflectionRequest.FromString(payload)
            except DecodeError:
                return Status(wiring.INVALID_ARGUMENT, "the request cannot be parsed")
            await call.send(self._respond(request).SerializeToString())
        return OK

    def _respond(self, request: pb.ServerReflectionRequest) -> pb.ServerReflectionResponse:
        response = pb.ServerReflectionResponse(valid_host=request.host, original_request=request)
        try:
            self._fill(request, response)
        except KeyError:
            response.error_response.error_code = _NOT_FOUND
            response.error_response.error_message = "not found"
        return response

    def _fill(self, request: pb.ServerReflectionRequest, response: pb.ServerReflectionResponse) -> None:
        match request.WhichOneof("message_request"):
            case "list_services":
                for name in self._services:
                    response.list_services_response.service.add(name=name)
            case "file_by_filename":
                self._add_files(response, self._pool.FindFileByName(request.file_by_filename))
            case "file_containing_symbol":
                symbol = request.file_containing_symbol
                self._add_files(response, self._pool.FindFileContainingSymbol(symbol))
            case "file_containing_extension":
                wanted = request.file_containing_extension
                message = self._pool.FindMessageTypeByName(wanted.containing_type)
                extension = self._pool.FindExtensionByNumber(message, wanted.extension_number)
                self._add_files(response, extension.file)  # type: ignore[attr-defined]
            case "all_extension_numbers_of_type":
                message = self._pool.FindMessageTypeByName(request.all_extension_numbers_of_type)
                numbers = sorted(each.number for each in self._pool.FindAllExtensions(message))
                response.all_extension_numbers_response.base_type_name = message.full_name
                response.all_extension_numbers_response.extension_number.extend(numbers)
            case _:
                response.error_response.error_code = wiring.INVALID_ARGUMENT
                response.error_response.error_message = "nothing was asked"

    def _add_files(self, response: pb.ServerReflectionResponse, file: FileDescriptor) -> None:
        """The file and all that it imports, each once."""
        waiting, seen = [file], {file.name}
        while waiting:
            found = waiting.pop()
            response.file_descriptor_response.file_descriptor_proto.append(found.serialized_pb)
            for imported in found.dependencies:
                if imported.name not in seen:
                    seen.add(imported.name)
                    waiting.append(imported)
