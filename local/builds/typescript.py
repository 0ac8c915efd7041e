"""TypeScript services: Node 24 runs the sources as they are; what is built is node_modules and the generated stubs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from local.builds import tools
from local.builds.recipe import Recipe, Step
from local.paths import ROOT


def command(service: str) -> tuple[str, ...]:
    """How the service is run, in its folder: its own `npm start`, without npm and with our Node."""
    script = _scripts(ROOT / "services" / service / "package.json").get("start", "node src/main.ts")
    words = shlex.split(script)
    return (tools.node(), *(words[1:] if words[0] == "node" else words))


def recipe(service: str) -> Recipe:
    """`npm ci`, then `npm run generate` when there is such a script."""
    folder = ROOT / "services" / service

    def steps() -> list[Step]:
        npm = tools.npm()
        environment = tools.build_environment(str(tools.node_folder() / "bin")) | {"NO_UPDATE_NOTIFIER": "1"}
        install = (*npm, "ci", "--no-audit", "--no-fund", "--loglevel=warn")
        result = [Step(f"installing packages of {service} (npm)", install, folder, environment)]
        if "generate" in _scripts(folder / "package.json"):
            result.append(
                Step(f"generating stubs of {service}", (*npm, "run", "generate"), folder, environment)
            )
        return result

    outputs = [folder / "node_modules"]
    inputs = [folder / "package.json", folder / "package-lock.json"]
    if "generate" in _scripts(folder / "package.json"):
        outputs.append(folder / "src" / "gen")
        inputs += [folder / "generate.sh", folder / "protos"]
        inputs += [ROOT / "protos" / "banyan", ROOT / "protos" / "third_party"]
    present = tuple(path for path in inputs if path.exists())
    return Recipe(service, present, tuple(outputs), steps)


def _scripts(package: Path) -> dict[str, str]:
    try:
        scripts = json.loads(package.read_text()).get("scripts", {})
    except (OSError, ValueError):
        return {}
    return dict(scripts)
