"""The schemas of the services' charts: `helm/schema.yaml` and `helm/settings.yaml` make one closed JSON Schema each."""

from __future__ import annotations

import json
from pathlib import Path
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
    found: Json = base["common"] | base["live"]
    for store in row.stores:
        found |= base.get(store, {})
    if row.language in ("python", "typescript"):
        found |= base["dev"]
    if row.name == "gateway":
        live = found["live"]
        found["live"] = live | {"properties": live["properties"] | base["liveOfGateway"]}
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
            name: {"type": ["string", "null"], "pattern": KINDS[kind], "description": meaning}
            for name, (kind, meaning) in sorted(settings(row, listed).items())
        },
    }
    return _document(row.name, properties, base)


def store_schema(name: str) -> Json:
    """The JSON Schema of the values of a store's chart, or of another one that is no service's."""
    base, _ = sources()
    common = base["common"]
    parts = {name: common[name] for name in ("global", "image", "resources")}
    parts |= base["storeCommon"] | base["stores"][name]
    if name == "seed":
        del parts["persistence"]
    return _document(name, {name: closed(each) for name, each in parts.items()}, base)


def umbrella_schema() -> Json:
    """The umbrella's: it knows its charts' names, and each chart judges its own part."""
    base, _ = sources()
    chart = yaml.safe_load((HELM / "banyan/Chart.yaml").read_text())
    names = [each.get("alias", each["name"]) for each in chart["dependencies"]]
    parts: Json = {name: {"type": "object", "description": f"Values of the chart {name}."} for name in names}
    return _document("banyan", {"global": closed(base["common"]["global"])} | parts, base)


def _document(name: str, properties: Json, base: Json) -> Json:
    own: Json = {
        "enabled": {
            "type": "boolean",
            "description": "Read by the umbrella: whether it installs this chart.",
        },
        "mesh-common": {"type": "object", "description": "Helm's own entry of the library."},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Values of the chart {name}",
        "type": "object",
        "additionalProperties": False,
        "properties": properties | (own if name != "banyan" else {}),
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


def schemas() -> dict[Path, str]:
    """Every chart's schema: file → text."""
    found = {HELM / "charts" / row.name: schema(row) for row in topology.SERVICES}
    found |= {HELM / "charts" / name: store_schema(name) for name in sources()[0]["stores"]}
    found[HELM / "banyan"] = umbrella_schema()
    return {
        folder / "values.schema.json": json.dumps(document, indent=2) + "\n"
        for folder, document in found.items()
    }


def merged_defaults(folder: Path) -> Json:
    """What a chart's values are when nobody says otherwise: its own values over the library's defaults."""
    own: Json = yaml.safe_load((folder / "values.yaml").read_text()) or {}
    if folder.name not in {row.name for row in topology.SERVICES}:
        return own
    text = (HELM / "lib/mesh-common/templates/_defaults.tpl").read_text()
    _, _, body = text.partition('{{- define "mesh.defaults" -}}')
    body = body.partition("{{- end -}}")[0].replace("{{ .Chart.Name }}", folder.name)
    return merged(yaml.safe_load(body), own)


def merged(base: Json, over: Json) -> Json:
    """`over` over `base`, key by key, as Helm does it."""
    found = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found
