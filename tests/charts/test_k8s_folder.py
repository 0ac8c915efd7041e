"""What surrounds the charts in a cluster: the namespace, its quota and limits, kind's cluster, and what READMEs name."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

import pytest
import typer
import yaml
from kubernetes.utils.quantity import parse_quantity

from local.cli import build_app
from local.cluster.tools import kubectl
from local.paths import ROOT
from tests.charts.conftest import Rendered

Json = dict[str, Any]
ONCE_MORE: Final = {"Deployment": 1, "StatefulSet": 0, "Job": 0}
"""Pods beyond the replicas during a rollout."""
READMES: Final = ["k8s/README.md", "helm/README.md"]
PATH: Final = re.compile(r"(?<![\w./-])((?:k8s|helm|images|services)/[\w./-]+)")


@pytest.fixture(scope="module")
def base() -> dict[str, Json]:
    """`k8s/base` by kind."""
    words = [str(kubectl()), "kustomize", str(ROOT / "k8s/base")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    return {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}


def test_the_namespace_enforces_the_restricted_standard(base: dict[str, Json]) -> None:
    labels = base["Namespace"]["metadata"]["labels"]
    for mode in ("enforce", "warn", "audit"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
    assert {each["metadata"].get("namespace", "banyan") for each in base.values()} == {"banyan"}


def test_nobody_speaks_to_anybody_unless_told_otherwise(base: dict[str, Json]) -> None:
    spec = base["NetworkPolicy"]["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("file", ["values.yaml", "values-test.yaml", "values-prod.yaml"])
def test_the_shop_fits_into_the_quota(
    render: Callable[..., Rendered], base: dict[str, Json], file: str
) -> None:
    hard = base["ResourceQuota"]["spec"]["hard"]
    needed = {"requests.cpu": 0, "requests.memory": 0, "limits.memory": 0, "pods": 0}
    rendered = render("banyan", file)
    most = {each["metadata"]["name"]: each["spec"]["maxReplicaCount"] for each in rendered.of("ScaledObject")}
    for each in rendered.of("Deployment", "StatefulSet", "Job"):
        name = each["metadata"]["name"]
        pods = most.get(name, each["spec"].get("replicas", 1)) + ONCE_MORE[each["kind"]]
        needed["pods"] += pods
        for container in each["spec"]["template"]["spec"]["containers"]:
            for section, resource in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                amount = parse_quantity(container["resources"][section][resource])
                needed[f"{section}.{resource}"] += pods * amount
    for name, amount in needed.items():
        assert amount <= parse_quantity(hard[name]), f"{name}: {amount} of {hard[name]}"


def test_no_container_asks_for_more_than_the_limit_range_allows(
    render: Callable[..., Rendered], base: dict[str, Json]
) -> None:
    most = parse_quantity(base["LimitRange"]["spec"]["limits"][0]["max"]["memory"])
    for spec in render("banyan").pods().values():
        for container in spec["containers"]:
            assert parse_quantity(container["resources"]["limits"]["memory"]) <= most


def test_kinds_cluster_leads_to_the_gateways_node_port(render: Callable[..., Rendered]) -> None:
    cluster = yaml.safe_load((ROOT / "k8s/kind/cluster.yaml").read_text())
    mapping = cluster["nodes"][0]["extraPortMappings"][0]
    readme = (ROOT / "k8s/README.md").read_text()
    assert f"gateway.service.nodePort={mapping['containerPort']}" in readme
    assert f"http://127.0.0.1:{mapping['hostPort']}" in readme
    port = render("gateway", service__type='"NodePort"', service__nodePort=str(mapping["containerPort"]))
    assert port.one("Service", "gateway")["spec"]["ports"][0]["nodePort"] == mapping["containerPort"]
    assert {each["role"] for each in cluster["nodes"]} == {"control-plane", "worker"}


@pytest.mark.parametrize("name", ["keda", "metrics-server", "prometheus"])
def test_a_platform_chart_is_pinned_alike_in_its_file_and_the_readme(name: str) -> None:
    file = f"k8s/platform/{name}-values.yaml"
    text, readme = (ROOT / file).read_text(), (ROOT / "k8s/README.md").read_text()
    version = re.search(r"--version (\d+\.\d+\.\d+)", text)
    assert version
    assert yaml.safe_load(text)
    assert re.search(rf"--version {re.escape(version[1])} .*?-f {re.escape(file)}", readme, re.S)


def test_prometheus_reads_what_the_charts_annotate(render: Callable[..., Rendered]) -> None:
    values = yaml.safe_load((ROOT / "k8s/platform/prometheus-values.yaml").read_text())
    rules = str(values["serverFiles"]["prometheus.yml"]["scrape_configs"])
    annotations = render("cart").one("Deployment", "cart")["spec"]["template"]["metadata"]["annotations"]
    scraped = [name for name in annotations if name.startswith("prometheus.io/")]
    assert len(scraped) == 3
    for name in scraped:
        assert re.sub(r"\W", "_", name) in rules
    address = f"http://{values['server']['fullnameOverride']}.monitoring:{values['server']['service']['servicePort']}"
    assert (
        address
        == yaml.safe_load((ROOT / "helm/banyan/values.yaml").read_text())["global"]["prometheus"]["url"]
    )


def commands(readme: str) -> list[list[str]]:
    """The words of each command that the README shows."""
    text = (ROOT / readme).read_text().replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("    ")]


@pytest.mark.parametrize("readme", READMES)
def test_what_a_readme_names_is_there(readme: str) -> None:
    for path in PATH.findall((ROOT / readme).read_text()):
        assert (ROOT / path.rstrip("./")).exists(), path


@pytest.mark.parametrize("readme", READMES)
def test_our_own_commands_take_what_a_readme_gives_them(readme: str) -> None:
    asked = [words[words.index("./banyan") + 1 :] for words in commands(readme) if "./banyan" in words]
    assert asked
    for words in asked:
        command, rest = typer.main.get_command(build_app(words)), words
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context("banyan", list(rest))


def test_the_readmes_installations_render(render: Callable[..., Rendered]) -> None:
    installs = [words for words in commands("k8s/README.md") if words[:2] == ["helm", "upgrade"]]
    ours = [words for words in installs if "helm/banyan" in words]
    assert len(ours) == 4
    for words in ours:
        after = {
            option: [value for word, value in pairwise(words) if word == option] for option in ("-f", "--set")
        }
        files = [value.removeprefix("helm/banyan/") for value in after["-f"] if value.startswith("helm/")]
        sets = dict(value.split("=") for value in after["--set"])
        as_json = {key.replace(".", "__"): v if v.isdigit() else f'"{v}"' for key, v in sets.items()}
        assert render("banyan", *files, **as_json).names("Deployment") >= {"gateway", "order"}
