"""TypeScript services: Node 24 runs the sources as they are; what is built is node_modules and the generated stubs."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

from local.builds import tools
from local.builds.recipe import Recipe, Step
from local.commands import Says
from local.paths import ROOT


def command(service: str) -> tuple[str, ...]:
    """How the service is run, in its folder: its own `npm start`, without npm and with our Node."""
    script = _scripts(ROOT / "services" / service / "package.json").get("start", "node src/main.ts")
    words = shlex.split(script)
    return (tools.node(), *(words[1:] if words[0] == "node" else words))


def recipe(service: str) -> Recipe:
    """`npm ci`, then `npm run generate` when there is such a script."""
    folder = ROOT / "services" / service

    has_stubs = "generate" in _scripts(folder / "package.json")

    def steps() -> list[Step]:
        npm = tools.npm()
        environment = tools.build_environment(str(tools.node_folder() / "bin")) | {"NO_UPDATE_NOTIFIER": "1"}
        result = []
        if not _is_installed(folder):
            install = (*npm, "ci", "--no-audit", "--no-fund", "--loglevel=warn")
            result.append(Step(f"installing packages of {service} (npm)", install, folder, environment))
        if has_stubs:
            generate = (*npm, "run", "generate")
            result.append(Step(f"generating stubs of {service}", generate, folder, environment))
        return result

    async def after(_: Says) -> None:
        _installed_mark(folder).write_text(_lock_hash(folder))

    outputs = [folder / "node_modules"]
    inputs = [folder / "package.json", folder / "package-lock.json"]
    if has_stubs:
        outputs.append(folder / "src" / "gen")
        inputs += [folder / "generate.sh", folder / "protos"]
        inputs += [ROOT / "protos" / "banyan", ROOT / "protos" / "third_party"]
    present = tuple(path for path in inputs if path.exists())
    return Recipe(service, present, tuple(outputs), steps, after)


def _lock_hash(folder: Path) -> str:
    names = (folder / "package.json", folder / "package-lock.json")
    return hashlib.sha256(b"".join(path.read_bytes() for path in names if path.exists())).hexdigest()


def _installed_mark(folder: Path) -> Path:
    """Says for which lock node_modules was made: a change of the contracts needs no new packages."""
    return folder / "node_modules" / ".banyan-lock"


def _is_installed(folder: Path) -> bool:
    mark = _installed_mark(folder)
    return mark.exists() and mark.read_text() == _lock_hash(folder)


def _scripts(package: Path) -> dict[str, str]:
    try:
        scripts = json.loads(package.read_text()).get("scripts", {})
    except (OSError, ValueError):
        return {}
    return dict(scripts)
