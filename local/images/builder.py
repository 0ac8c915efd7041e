"""Builds and pushes with whichever there is: a Docker daemon that answers, else buildah."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.paths import ROOT

ASK_S: Final = 20.0
BUILD_S: Final = 1_800.0
LOOPBACK: Final = ("localhost:", "127.0.0.1:")


@dataclass(frozen=True, slots=True)
class Builder:
    """One of the two programs. Output of builds goes to `logs`."""

    program: str
    logs: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_docker(self) -> bool:
        """Whether it is Docker."""
        return self.program == "docker"

    def has(self, reference: str) -> bool:
        """Whether it holds this image."""
        words = ("image", "inspect") if self.is_docker else ("inspect", "--type", "image")
        return self._run([*words, reference], ASK_S).returncode == 0

    def size(self, reference: str) -> int:
        """Bytes of all its layers; LocalError when the image is not there."""
        if self.is_docker:
            done = self._run(["image", "inspect", "--format", "{{.Size}}", reference], ASK_S)
        else:
            done = self._run(["images", "--json", reference], ASK_S)
        if done.returncode != 0:
            raise LocalError(f"there is no image {reference}: build it first")
        return int(done.stdout) if self.is_docker else _bytes(json.loads(done.stdout)[0]["size"])

    def build(self, reference: str, dockerfile: str, arguments: Mapping[str, str]) -> None:
        """Builds with the repository as context; LocalError with the last lines when it fails."""
        words = ["build", "--file", dockerfile, "--tag", reference, "--network", "host"]
        words += [] if self.is_docker else ["--layers"]
        for name, value in arguments.items():
            words += ["--build-arg", f"{name}={value}"]
        self._log(reference, [*words, "."], BUILD_S)

    def push(self, reference: str) -> None:
        """Pushes; a registry on this machine may be without TLS."""
        loopback = reference.startswith(LOOPBACK)
        words = ["push", *(["--tls-verify=false"] if loopback and not self.is_docker else []), reference]
        self._log(reference, words, BUILD_S)

    def rename(self, reference: str, new: str) -> None:
        """Gives an image a second name."""
        done = self._run(["tag", reference, new], ASK_S)
        if done.returncode != 0:
            raise LocalError(f"{reference} can't be named {new}: {done.stderr.strip()}")

    def _log(self, reference: str, words: Sequence[str], limit_s: float) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{reference.rpartition('/')[2].partition(':')[0]}.log"
        done = self._run(words, limit_s)
        log.write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise LocalError(f"{words[0]} of {reference} failed: {' | '.join(lines[-3:])} (all of it: {log})")

    def _run(self, words: Sequence[str], limit_s: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self.program, *words],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LocalError(f"{self.program} {words[0]} took longer than {limit_s:g} s") from None


def find(logs: Path) -> Builder:
    """Docker when its daemon answers, else buildah; LocalError when there is neither."""
    if shutil.which("docker"):
        docker = Builder("docker", logs, {"DOCKER_BUILDKIT": "1"})
        if docker._run(["version", "--format", "{{.Server.Version}}"], ASK_S).returncode == 0:
            return docker
    if shutil.which("buildah"):
        # chroot: works without user namespaces and inside containers; nothing foreign is built here.
        return Builder("buildah", logs, {"BUILDAH_ISOLATION": os.environ.get("BUILDAH_ISOLATION", "chroot")})
    raise LocalError("no image builder: start a Docker daemon, or install buildah (apt-get install buildah)")


def _bytes(text: str) -> int:
    """`253 MB` → 253000000, as buildah writes sizes."""
    number, unit = text.split()
    return int(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit.upper()])
