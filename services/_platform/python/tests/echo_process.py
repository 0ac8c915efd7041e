"""The echo service as a process, for tests of signals, crashes and drains; also where its proto is compiled."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc_tools  # type: ignore[import-untyped]
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

from meshkit import main
from meshkit.nats import Nats
from meshkit.outbox import OutboxRelay
from meshkit.postgres import Database
from meshkit.server import App, grpc_service
from meshkit.settings import ServiceSettings, settings_config

ROOT = Path(__file__).resolve().parents[4]


class EchoSettings(ServiceSettings):
    """As any service's, with how long an answer takes, and whether stores belong to it that are not there."""

    model_config = settings_config("ECHO")
    answer_after_s: float = 0.0
    with_stores: bool = False


def load_echo() -> SimpleNamespace:
    """The echo messages by name, and `service`, the descriptor; compiled once a process."""
    pool = descriptor_pool.Default()
    try:
        file = pool.FindFileByName("echo.proto")
    except KeyError:
        pool.AddSerializedFile(_compile())
        file = pool.FindFileByName("echo.proto")
    messages = {name: GetMessageClass(found) for name, found in file.message_types_by_name.items()}
    return SimpleNamespace(service=file.services_by_name["EchoService"], **messages)


def _compile() -> bytes:
    import buf.validate.validate_pb2  # noqa: F401 - both must be in the pool before

    here = Path(__file__).parent
    includes = [
        here,
        ROOT / "protos",
        ROOT / "protos/third_party",
        Path(grpc_tools.__file__).parent / "_proto",
    ]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "echo.binpb"
        arguments = [
            "protoc",
            *(f"-I{path}" for path in includes),
            f"--descriptor_set_out={out}",
            "echo.proto",
        ]
        if protoc.main(arguments) != 0:
            raise RuntimeError("echo.proto does not compile")
        found = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    return found.file[0].SerializeToString()


def build(settings: EchoSettings) -> App:
    """The app: echo after a while."""
    echo = load_echo()

    class Servicer:
        async def Say(self, request: Any, context: Any) -> Any:
            if settings.answer_after_s:
                await asyncio.sleep(settings.answer_after_s)
            return echo.SayReply(text=request.text)

        SayAsUser = SayAsStaff = SayInside = Say

        async def Count(self, request: Any, context: Any) -> AsyncIterator[Any]:
            for number in range(request.up_to):
                await asyncio.sleep(settings.answer_after_s)
                yield echo.CountReply(number=number)

    services = [grpc_service(echo.service, Servicer())]
    if not settings.with_stores:
        return App("echo", settings, services)
    database = Database("postgres://postgres@127.0.0.1:1/none")
    nats = Nats(settings.nats_url, "echo")
    return App(
        "echo",
        settings,
        services,
        components=[database, nats, OutboxRelay("echo", database, nats)],
        readiness={"database": database.ping},
    )


if __name__ == "__main__":
    main(EchoSettings, build)
