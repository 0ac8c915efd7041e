"""`./banyan load`: which shapes there are, what locust is told, and what is read from what it tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import topology
from local.errors import LocalError
from local.loads.in_cluster import manifest, policy
from local.loads.locust import Run, command
from local.loads.shapes import LOCUSTFILE, shape, shapes
from local.loads.told import Told


def test_every_shape_says_what_it_is_and_every_service_has_its_own() -> None:
    found = shapes()
    assert {"ramp", "spike", "soak", "step", "flash-sale"} <= found.keys()
    assert {f"signal-{row.name}" for row in topology.SERVICES} == {
        name for name in found if name.startswith("signal-")
    }
    assert all(len(each.meaning) > 20 for each in found.values())


def test_unknown_shape_is_told_the_nearest() -> None:
    with pytest.raises(LocalError, match="flash-sale"):
        shape("flash-sail")


def test_a_shape_comes_beside_the_locustfile_and_without_a_web_page() -> None:
    words = command("python", Run(shape=shape("spike"), host="http://shop", people=0.5, processes=2))
    assert words[words.index("-f") + 1] == f"{LOCUSTFILE},{shape('spike').file}"
    assert "--headless" in words
    assert words[words.index("--people") + 1] == "0.5"
    assert words[words.index("--processes") + 1] == "2"


def test_without_a_shape_the_web_page_decides() -> None:
    words = command(Path("python"), Run(shape=None, host="http://shop"))
    assert words[words.index("-f") + 1] == str(LOCUSTFILE)
    assert "--headless" not in words


def test_what_locust_tells_is_kept_apart_from_what_it_says_to_people() -> None:
    told = Told()
    lines = [
        {"kind": "begin", "at": 1.0},
        {"kind": "second", "at": 2.0, "requests": 5},
        {"kind": "entry", "name": "GET /v1/orders", "requests": 5},
        {"kind": "entry", "name": "Aggregated", "requests": 5, "failures": 1},
        {"kind": "failure", "name": "GET /v1/orders", "error": "503", "count": 1},
        {"kind": "end", "at": 3.0},
    ]
    told.hear("Starting Locust\n")
    for line in lines:
        told.hear(json.dumps(line) + "\n")
    assert told.began.is_set()
    assert told.talk == ["Starting Locust"]
    assert told.seconds == [{"at": 2.0, "requests": 5}]
    assert told.total == {"name": "Aggregated", "requests": 5, "failures": 1}
    assert told.failures == [{"name": "GET /v1/orders", "error": "503", "count": 1}]


def test_the_pod_has_no_rights_no_password_in_clear_and_reaches_the_edge_only() -> None:
    spec = manifest("banyan/loadtests:1")["spec"]
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert all("value" not in each for each in container["env"] if "STAFF" in each["name"])
    (to_edge, dns) = policy()["spec"]["egress"]
    assert to_edge["to"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}]
    assert {each["port"] for each in dns["ports"]} == {53}
