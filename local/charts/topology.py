"""Who calls whom, for the charts: the table of `local/topology.py` as a template of the library chart."""

from __future__ import annotations

from typing import Any, Final

import yaml

from local import topology
from local.paths import ROOT

TARGET: Final = ROOT / "helm/lib/mesh-common/templates/_topology.tpl"
HEAD: Final = (
    "{{/* Generated from local/topology.py by `./banyan gen`: who calls whom. Not to be edited. */}}\n"
)


def table() -> dict[str, Any]:
    """Services by name: language, stores, whom they call, who calls them, which stand-ins they use."""
    return {
        row.name: {
            "language": row.language,
            "stores": list(row.stores),
            "upstreams": list(row.upstreams),
            "callers": topology.callers(row.name),
            "standIns": [each.name for each in topology.STAND_INS if each.used_by == row.name],
        }
        for row in topology.SERVICES
    }


def rendered() -> str:
    """The template's text."""
    body = yaml.safe_dump(table(), sort_keys=False, default_flow_style=None, width=120)
    return f'{HEAD}{{{{- define "mesh.topology" -}}}}\n{body}{{{{- end -}}}}\n'
