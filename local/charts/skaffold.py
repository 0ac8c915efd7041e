"""skaffold's modules: one for each service with its own stores, and those that several share; all from the one topology."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from local import topology
from local.paths import ROOT
from local.topology import ServiceRow

API: Final = "skaffold/v4beta13"
NAMESPACE: Final = "banyan"
SHARED: Final = "images/skaffold.yaml"
HEADER: Final = "# Made by `./banyan charts gen` from local/topology.py: change it there, or in local/charts/skaffold.py.\n"
SOURCES: Final = {"python": "*.py", "typescript": "*.ts"}
KINDS: Final = {"go": "go", "java": "java", "typescript": "typescript"}
FIRST_LOCAL_PORT: Final = 50051
GATEWAYS_LOCAL_PORT: Final = 8081
"""8080 leads to the gateway's node port in the cluster of `k8s/kind`."""
RELOAD: Final = ["/venv/bin/python", "-c", "import os, signal; os.kill(1, signal.SIGHUP)"]
PROFILES: Final = [
    {
        "name": "kind",
        "build": {"local": {"push": False, "useBuildkit": True}},
        "deploy": {"kubeContext": "kind-banyan"},
    },
    {"name": "registry", "build": {"local": {"push": True, "useBuildkit": True}}},
]
Json = dict[str, Any]


def files() -> dict[Path, str]:
    """File → what it must hold."""
    found = {ROOT / "skaffold.yaml": _text(HEADER, [_root()]), ROOT / SHARED: _text(HEADER, _shared())}
    for number, row in enumerate(topology.SERVICES):
        found[ROOT / "services" / row.name / "skaffold.yaml"] = _text(HEADER, [_service(row, number)])
    return found


def _root() -> Json:
    paths = [f"services/{row.name}" for row in topology.SERVICES] + [SHARED]
    return _config("banyan", requires=[{"path": path} for path in paths], profiled=False)


def _shared() -> list[Json]:
    """What several modules need. The first one makes the namespace and the secrets."""
    secrets = {"host": {"command": ["k8s/secrets.sh", NAMESPACE], "dir": ".."}}
    first = _config("namespace", manifests={"kustomize": {"paths": ["../k8s/base"]}})
    first["deploy"] = {"kubectl": {"hooks": {"after": [secrets]}}}
    seeded = [{"path": f"../services/{name}"} for name in ("user", "product", "inventory")]
    return [
        first,
        _config("postgres", build=_build([_image("postgres", "images/postgres/Dockerfile", "..")])),
        _store("nats"),
        _store("redis"),
        _config("standins-image", build=_build([_image("standins", "images/standins/Dockerfile", "..")])),
        _of_standins("standins", []),
        _of_standins("seed", seeded),
    ]


def _store(name: str) -> Json:
    build = _build([_image(name, f"images/{name}/Dockerfile", "..")])
    return _config(
        name, requires=_needs("namespace"), build=build, releases=[_release(name, name, name, "..")]
    )


def _of_standins(chart: str, requires: Sequence[Json]) -> Json:
    needs = [*_needs("namespace", "standins-image"), *requires]
    return _config(chart, requires=needs, releases=[_release(chart, chart, "standins", "..")])


def _service(row: ServiceRow, number: int) -> Json:
    up = "../.."
    artifacts = [_image(row.name, f"services/{row.name}/Dockerfile", up)]
    releases = []
    values: Json = {}
    if row.language in SOURCES:
        artifacts[0]["sync"] = _sync(row)
        values["dev.sync"] = "true"
    if "postgres" in row.stores:
        migrations = _image(f"{row.name}-migrations", "services/_platform/migrations/Dockerfile", up)
        migrations["docker"]["buildArgs"] = {"SERVICE": row.name}
        artifacts.append(migrations)
        releases.append(_release(f"{row.name}-postgres", "postgres", "postgres", up, {"owner": row.name}))
        values["migrations.mode"] = "init"
    releases.append(_release(row.name, row.name, row.name, up, values, migrates="postgres" in row.stores))
    shared = ["namespace", *row.stores]
    if any(each.used_by == row.name for each in topology.STAND_INS):
        shared.append("standins")
    requires = [{"path": f"../../{SHARED}", "configs": shared}]
    requires += [{"path": f"../{name}"} for name in row.upstreams]
    made = _config(row.name, requires=requires, build=_build(artifacts), releases=releases)
    made["test"] = [_test(row, up)]
    port = (8080, GATEWAYS_LOCAL_PORT) if row.name == "gateway" else (50051, FIRST_LOCAL_PORT + number)
    made["portForward"] = [
        {
            "resourceType": "service",
            "resourceName": row.name,
            "namespace": NAMESPACE,
            "port": port[0],
            "localPort": port[1],
        }
    ]
    return made


def _needs(*configs: str) -> list[Json]:
    return [{"configs": list(configs)}]


def _image(name: str, dockerfile: str, up: str) -> Json:
    return {"image": f"banyan/{name}", "context": up, "docker": {"dockerfile": dockerfile}}


def _build(artifacts: Sequence[Json]) -> Json:
    """Tags tell the content, so that what has not changed is neither built nor rolled."""
    return {"tagPolicy": {"inputDigest": {}}, "local": {"useBuildkit": True}, "artifacts": list(artifacts)}


def _sync(row: ServiceRow) -> Json:
    """A Python service is told to start again; Node sees by itself."""
    folder = f"services/{row.name}/src/"
    made: Json = {
        "manual": [{"src": f"{folder}**/{SOURCES[row.language]}", "dest": "/app/src", "strip": folder}]
    }
    if row.language == "python":
        made["hooks"] = {"after": [{"container": {"command": RELOAD}}]}
    return made


def _release(
    name: str, chart: str, image: str, up: str, values: Json | None = None, *, migrates: bool = False
) -> Json:
    """With a pushed image's digest in the tag: skaffold brings sources only into pods whose image reads as it pushed it.

    A local image has no digest; skaffold takes the @ off then.
    """
    images = {"image": image} | ({"migrations.image": f"{image}-migrations"} if migrates else {})
    made: Json = {"name": name, "chartPath": f"{up}/helm/charts/{chart}", "namespace": NAMESPACE}
    if values:
        made["setValues"] = values
    made["setValueTemplates"] = {
        f"{place}.{key}": "@".join(_variable(part, built) for part in parts)
        for place, built in images.items()
        for key, parts in (("repository", ["REPO"]), ("tag", ["TAG", "DIGEST"]))
    }
    return made


def _variable(part: str, built: str) -> str:
    return "{{.IMAGE_" + part + "_banyan_" + built.replace("-", "_") + "}}"


def _test(row: ServiceRow, up: str) -> Json:
    tests = f"services/{row.name}/tests/unit"
    command = f".banyan/venv/bin/python -m pytest -q {tests}"
    if row.language in KINDS:
        command = f"./banyan test {KINDS[row.language]}"
    return {
        "image": f"banyan/{row.name}",
        "context": up,
        "custom": [{"command": command, "timeoutSeconds": 900}],
    }


def _config(
    name: str,
    *,
    requires: Sequence[Json] = (),
    build: Json | None = None,
    manifests: Json | None = None,
    releases: Sequence[Json] = (),
    profiled: bool = True,
) -> Json:
    made: Json = {"apiVersion": API, "kind": "Config", "metadata": {"name": name}}
    parts = {"requires": list(requires), "build": build, "manifests": manifests}
    made |= {key: part for key, part in parts.items() if part}
    if releases:
        made["deploy"] = {"helm": {"releases": list(releases)}}
    return made | ({"profiles": PROFILES} if profiled else {})


class _Dumper(yaml.SafeDumper):
    """Without anchors: each module can be read alone."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(header: str, documents: Sequence[Json]) -> str:
    return header + yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=130)
