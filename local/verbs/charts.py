"""`charts`: what is generated for the Helm charts, and how they are put together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.charts import deps as dependencies
from local.charts import generate
from local.charts import golden as renders
from local.charts.schema import HELM
from local.cluster.tools import helm
from local.view.console import out

Values = Annotated[
    list[Path] | None, typer.Option("--values", "-f", exists=True, dir_okay=False, help="A values file.")
]


def register(app: typer.Typer) -> None:
    """Adds the verb and its parts."""
    group = typer.Typer(no_args_is_help=True, help="Generate, check and put together the Helm charts.")
    for command in (gen, deps, lint, golden):
        group.command()(command)
    app.add_typer(group, name="charts")


def gen() -> int:
    """Write the table of callers, the schemas, and the tables of values in the READMEs."""
    generate.write()
    return 0


def deps() -> int:
    """Put the library into every chart, and the charts into the umbrella."""
    dependencies.build(helm())
    out.print("charts are put together: helm install banyan helm/banyan", style="dim")
    return 0


def lint(values: Values = None) -> int:
    """`helm lint --strict` of every chart with each of its ci values, and of the umbrella with every values file."""
    program = helm()
    dependencies.build(program)
    for chart in dependencies.charts():
        for file in sorted((chart / "ci").glob("*.yaml")):
            dependencies.run(program, "lint", "--strict", "--quiet", str(chart), "-f", str(file))
    umbrella = HELM / "banyan"
    for file in [umbrella / "values.yaml", *sorted(umbrella.glob("values-*.yaml")), *(values or ())]:
        dependencies.run(program, "lint", "--strict", "--quiet", str(umbrella), "-f", str(file))
    return 0


def golden() -> int:
    """Write the renders that the tests keep whole, after a change that was meant."""
    program = helm()
    dependencies.build(program)
    renders.write(program)
    return 0
