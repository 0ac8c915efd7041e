"""The schemas of the services' charts: `helm/schema.yaml` and `helm/settings.yaml` make one closed JSON Schema each."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from local import topology
from local.paths import ROOT
from local.topology import ServiceRow

HELM: Final = ROOT / "helm"
KINDS: Final = {
    "integer": r"^[0-9]+$",
    "number": r"^-?[0-9]+(\.[0-9]+)?$",
    "word": r"^[A-Za-z]+$",
    "text": r"^.+$",
}
Json = dict[str, Any]


def sources() -> tuple[Json, Json]:
    """What both files say."""
    return (
        yaml.safe_load((HELM / "schema.yaml").read_text()),
        yaml.safe_load((HELM / "settings.yaml").read_text()),
    )


def settings(row: ServiceRow, listed: Json) -> dict[str, list[str]]:
    """What may stand under `config`: name → [kind, meaning]."""
    shared = {}
    if row.language == "python" and row.name != "gateway":
        shared = {f"{row.prefix}_{name}": what for name, what in listed["python"].items()}
    return {**shared, **listed[row.name], **listed["all"]}


def sections(row: ServiceRow, base: Json) -> Json:
    """The sections that this service's values have."""
    found = dict(base["common"])
    for store in row.stores:
        found |= base.get(store, {})
    if row.name == "gateway":
        found |= base["gateway"]
        policy = found["networkPolicy"]
        found["networkPolicy"] = policy | {
            "properties": policy["properties"] | {"edgeFrom": base["edgeFrom"]}
        }
    return found


def schema(row: ServiceRow) -> Json:
    """The JSON Schema of one service's values."""
    base, listed = sources()
    properties = {name: closed(each) for name, each in sections(row, base).items()}
    properties["config"] = {
        "type": "object",
        "description": properties["config"]["description"],
        "additionalProperties": False,
        "properties": {
            name: {"type": "string", "pattern": KINDS[kind], "description": meaning}
            for name, (kind, meaning) in sorted(settings(row, listed).items())
        },
    }
    properties["enabled"] = {
        "type": "boolean",
        "description": "Read by the umbrella: whether it installs this chart.",
    }
    properties["mesh-common"] = {"type": "object", "description": "Helm's own entry of the library."}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Values of the chart {row.name}",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "definitions": {name: closed(each) for name, each in base["definitions"].items()},
    }


def closed(node: Json) -> Json:
    """One node of schema.yaml as JSON Schema: objects take nothing that is not listed."""
    made = {
        key: value
        for key, value in node.items()
        if key not in {"properties", "map", "names", "$ref", "items"}
    }
    if "$ref" in node:
        return {
            "description": node.get("description", ""),
            "allOf": [{"$ref": f"#/definitions/{node['$ref']}"}],
        }
    if "properties" in node:
        parts = {name: closed(each) for name, each in node["properties"].items()}
        made |= {"type": "object", "additionalProperties": False, "properties": parts}
    if "map" in node:
        made |= {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {node["names"]: closed(node["map"])},
        }
    if "items" in node:
        items = node["items"]
        made["items"] = {"$ref": f"#/definitions/{items['$ref']}"} if "$ref" in items else items
    return made


def rendered(row: ServiceRow) -> str:
    """The file's text."""
    return json.dumps(schema(row), indent=2) + "\n"


def write() -> None:
    """Writes every service's schema."""
    for row in topology.SERVICES:
        (HELM / "charts" / row.name / "values.schema.json").write_text(rendered(row))
