"""The echo service that the kit's tests serve, and what they need around it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc_tools
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

from meshkit.nats import Nats
from meshkit.postgres import Database
from meshkit.server import App, grpc_service
from meshkit.settings import ServiceSettings, settings_config

ROOT = Path(__file__).resolve().parents[4]
SQL = ROOT / "services" / "_platform" / "sql"
SAY = "/meshkit.test.v1.EchoService/Say"


class EchoSettings(ServiceSettings):
    model_config = settings_config("ECHO")


def _load_proto() -> None:
    """Compiles echo.proto into the default descriptor pool."""
    import buf.validate.validate_pb2  # noqa: F401

    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "echo.binpb"
        includes = [
            here,
            ROOT / "protos",
            ROOT / "protos/third_party",
            Path(grpc_tools.__file__).parent / "_proto",
        ]
        arguments = [
            "protoc",
            *(f"-I{path}" for path in includes),
            f"--descriptor_set_out={out}",
            "echo.proto",
        ]
        assert protoc.main(arguments) == 0
        found = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    descriptor_pool.Default().AddSerializedFile(found.file[0].SerializeToString())


@pytest.fixture(scope="session")
def echo() -> SimpleNamespace:
    """The echo messages by name, and `service`, the descriptor."""
    pool = descriptor_pool.Default()
    try:
        pool.FindFileByName("echo.proto")
    except KeyError:
        _load_proto()
    file = pool.FindFileByName("echo.proto")
    messages = {name: GetMessageClass(found) for name, found in file.message_types_by_name.items()}
    return SimpleNamespace(service=file.services_by_name["EchoService"], **messages)


@pytest.fixture
def settings() -> EchoSettings:
    """Settings of the echo service, whatever the environment says."""
    return EchoSettings(
        grpc_listen="127.0.0.1:0", admin_listen="127.0.0.1:0", drain_grace_s=5.0, max_concurrent_rpcs=50
    )


Say = Callable[[Any, Any], Awaitable[Any]]


@pytest.fixture
def echo_app(echo: SimpleNamespace, settings: EchoSettings) -> Callable[..., App]:
    """Builds an app whose four unary RPCs all run the given coroutine, plain echo by default."""

    def build(say: Say | None = None, *, name: str = "echo", **more: Any) -> App:
        async def plain(request: Any, context: Any) -> Any:
            return echo.SayReply(text=request.text)

        class Servicer:
            async def Say(self, request: Any, context: Any) -> Any:
                return await (say or plain)(request, context)

            SayAsUser = SayAsStaff = SayInside = Say

            async def Count(self, request: Any, context: Any) -> AsyncIterator[Any]:
                for number in range(request.up_to):
                    yield echo.CountReply(number=number)

        chosen = more.pop("settings", settings)
        return App(name, chosen, [grpc_service(echo.service, Servicer())], **more)

    return build


@pytest.fixture
def platform_database(database: Callable[[Path], str], tmp_path: Path) -> str:
    """A database with nothing but the platform's tables."""
    migrations = tmp_path / "service" / "migrations"
    migrations.mkdir(parents=True)
    shutil.copy(SQL / "0001_platform.sql", migrations)
    (migrations / "0002_effects.sql").write_text(
        "-- migrate:up\nCREATE TABLE effects (id bigserial PRIMARY KEY, what text NOT NULL);\n-- migrate:down\n"
        "DROP TABLE effects;\n"
    )
    return database(migrations.parent)


@pytest.fixture
async def pool(platform_database: str) -> AsyncIterator[Database]:
    """A started pool on that database."""
    database = Database(platform_database, pool_max=4)
    await database.start()
    yield database
    await database.stop(1.0)


@pytest.fixture
async def broker(nats_server: str) -> AsyncIterator[Nats]:
    """A started connection to a broker of this test's own."""
    nats = Nats(nats_server, "test")
    await nats.start()
    await nats.wait_connected()
    yield nats
    await nats.stop(1.0)
