"""Java services: Maven makes jars; a class-data archive made from a short run halves the start."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from local.builds import tools
from local.builds.recipe import BUILD_FOLDER, Recipe, Step
from local.commands import Says
from local.paths import ROOT
from local.supervision.parent_death import die_with_parent

OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xms20m",
    "-Xmx128m",
    "-Xss512k",
    "-XX:+ExitOnOutOfMemoryError",
)
TRAINING_S = 20.0
"""The longest that the run for the class archive may take to get ready, and again to stop."""


def archive(service: str) -> Path:
    """The class-data archive; the service runs without one too."""
    return BUILD_FOLDER / f"{service}.jsa"


def jars(service: str) -> Path:
    """A copy of the jars: Maven writes into its own in place, which would break a JVM that runs from them."""
    return BUILD_FOLDER / f"{service}-jars"


def class_path(service: str) -> str:
    """The service's jar and its libraries in a fixed order, as the archive demands."""
    folder = jars(service)
    return os.pathsep.join(map(str, [folder / f"{service}.jar", *sorted((folder / "lib").glob("*.jar"))]))


def _keep_jars(service: str) -> None:
    target = ROOT / "services" / service / "target"
    fresh = jars(service).with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(target / "lib", fresh / "lib")
    shutil.copy2(target / f"{service}.jar", fresh)
    shutil.rmtree(jars(service), ignore_errors=True)
    fresh.rename(jars(service))


def command(service: str) -> tuple[str, ...]:
    """How the service is run."""
    shared = (
        (f"-XX:SharedArchiveFile={archive(service)}", "-Xlog:cds=off") if archive(service).exists() else ()
    )
    return (tools.java(), *OPTIONS, *shared, "-cp", class_path(service), f"banyan.{service}.Main")


def recipe(service: str) -> Recipe:
    """`mvn package` without tests."""
    folder = ROOT / "services" / service

    def steps() -> list[Step]:
        environment = tools.build_environment() | {
            "JAVA_HOME": str(Path(tools.checked_java()).resolve().parent.parent)
        }
        package = (tools.maven(), "-q", "-B", "package", "-DskipTests")
        return [Step(f"compiling {service} (Java)", package, folder, environment)]

    async def after(says: Says) -> None:
        await asyncio.to_thread(_keep_jars, service)
        says(f"recording the classes of {service}")
        await _train(service)

    protos = ROOT / "protos"
    candidates = (folder / "pom.xml", folder / "src" / "main", protos / "banyan", protos / "third_party")
    inputs = tuple(path for path in candidates if path.exists())
    return Recipe(service, inputs, (jars(service) / f"{service}.jar",), steps, after)


async def _train(service: str) -> None:
    """Starts the service with neighbours that do not exist, until it says so or is ready, and ends it politely."""
    prefix = service.upper()
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        f"{prefix}_DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/none",
        f"{prefix}_GRPC_LISTEN": "127.0.0.1:0",
        f"{prefix}_ADMIN_LISTEN": "127.0.0.1:0",
        "PAYMENT_PROVIDER_URL": "http://127.0.0.1:1",
        "NATS_URL": "nats://127.0.0.1:1",
        "BANYAN_SERVICE_CONFIG_FILE": str(ROOT / "protos" / "config" / "service_config.json"),
    }
    archive(service).unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(tools.java(), *OPTIONS, f"-XX:ArchiveClassesAtExit={archive(service)}", "-Xlog:cds=off"),
        *("-cp", class_path(service), f"banyan.{service}.Main"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=ROOT / "services" / service,
        process_group=0,
        preexec_fn=die_with_parent(),
    )
    with suppress(TimeoutError):
        async with asyncio.timeout(TRAINING_S):
            await _ready_line(process)
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.communicate(), TRAINING_S)
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _ready_line(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        if b'"ready"' in line:
            return
