"""Go services: one static binary each."""

from __future__ import annotations

from pathlib import Path

from local.builds import tools
from local.builds.recipe import BUILD_FOLDER, Recipe, Step
from local.paths import ROOT


def binary(service: str) -> Path:
    """What the build makes and what runs."""
    return BUILD_FOLDER / service


def recipe(service: str) -> Recipe:
    """`go build ./cmd/<service>`."""
    folder = ROOT / "services" / service

    def steps() -> list[Step]:
        command = (tools.go(), "build", "-trimpath", "-o", str(binary(service)), f"./cmd/{service}")
        environment = tools.build_environment() | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
        return [Step(f"compiling {service} (Go)", command, folder, environment)]

    return Recipe(service, (folder, ROOT / "protos" / "gen" / "go"), (binary(service),), steps)
