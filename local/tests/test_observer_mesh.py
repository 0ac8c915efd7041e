"""The observer of a mesh on this machine: rates, shares and percentiles from what processes tell."""

from __future__ import annotations

import http.server
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from loadtests.observer.mesh import SIGNALS, LocalMesh
from loadtests.observer.observer import NotSeenError, Observer
from loadtests.observer.record import Record, Replicas, Signal, Use, Watched
from loadtests.observer.scrape import Scrape, quantile, scrape
from local import topology
from local.loads.places import thresholds
from local.loads.run import finished
from local.loads.watch import row
from local.paths import ROOT

TOLD = """\
# TYPE rpc_server_call_duration_seconds histogram
rpc_server_call_duration_seconds_bucket{grpc_status="OK",le="0.1"} 90
rpc_server_call_duration_seconds_bucket{grpc_status="OK",le="1.0"} 99
rpc_server_call_duration_seconds_bucket{grpc_status="OK",le="+Inf"} 100
rpc_server_call_duration_seconds_count{grpc_status="OK"} 100
rpc_server_call_duration_seconds_sum{grpc_status="OK"} 12
rpc_server_call_duration_seconds_bucket{grpc_status="UNAVAILABLE",le="+Inf"} 3
rpc_server_call_duration_seconds_count{grpc_status="UNAVAILABLE"} 3
rpc_server_call_duration_seconds_count{grpc_status="NOT_FOUND"} 2
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1.048576e+08
"""


class Told(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TOLD.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()


def test_what_a_process_tells_is_added_up_over_its_labels(url: str) -> None:
    found = scrape(url, 5.0)
    assert found.values["rpc_server_call_duration_seconds_count"] == 105
    assert found.errors == 3, "NOT_FOUND is an answer, not a fault"
    assert found.buckets == {0.1: 90, 1.0: 99, math.inf: 103}


def test_percentiles_lie_within_their_bucket() -> None:
    now = Scrape(10, buckets={0.1: 90.0, 1.0: 100.0, math.inf: 100.0})
    earlier = Scrape(0, buckets={0.1: 0.0, 1.0: 0.0, math.inf: 0.0})
    assert quantile(0.5, now, earlier) == pytest.approx(0.1 * 50 / 90)
    assert quantile(0.95, now, earlier) == pytest.approx(0.55)
    assert quantile(0.5, now, now) is None
    beyond = Scrape(10, buckets={0.1: 0.0, math.inf: 4.0})
    assert quantile(0.5, beyond, earlier) == 0.1


def test_signals_are_what_the_charts_ask_for() -> None:
    assert set(SIGNALS) == {service.name for service in topology.SERVICES}
    for name, reading in SIGNALS.items():
        values = yaml.safe_load((ROOT / f"helm/charts/{name}/values.yaml").read_text())
        queries = [each.get("query", "") for each in values["autoscaling"]["signals"]["triggers"]]
        (query,) = [text for text in queries if reading.metric in text]
        assert ("rate(" in query) == reading.grows, query
        assert not reading.over or reading.over in query
    assert all(limit > 0 for limit in thresholds().values())


def test_a_mesh_is_measured_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 104.0])
    monkeypatch.setattr("loadtests.observer.mesh.time.time", lambda: next(clock))

    def read(url: str, at: float) -> Scrape:
        if url == "gone":
            raise ConnectionRefusedError
        held = (at - 100) * 1.5
        return Scrape(at, {"db_pool_use_seconds_sum": held, "db_pool_max": 6.0, **PROCESS}, {}, 0.0)

    mesh = LocalMesh({"payment": ["a", "b", "gone"]}, {"payment": 0.6}, read)
    record = mesh.begin()
    assert mesh.look(record) and mesh.look(record)
    payment = record.services["payment"]
    assert [(each.wanted, each.ready) for each in payment.replicas] == [(3, 2), (3, 2)]
    assert payment.signals[0].points == [(104.0, 0.5)], "two pools of six, 1.5 connections out in each"
    assert (payment.use[0].memory_mib, payment.traffic[0].calls) == (20.0, 0)
    mesh.end(record, 100.0)


PROCESS = {
    "rpc_server_call_duration_seconds_count": 0.0,
    "process_cpu_seconds_total": 0.0,
    "process_resident_memory_bytes": 10 * 1024.0 * 1024,
}


def test_a_mesh_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    mesh = LocalMesh({"payment": ["http://127.0.0.1:1/metrics"]}, {"payment": 0.6})
    record = mesh.begin()
    assert not mesh.look(record)
    assert record.services["payment"].replicas[0].ready == 0


def test_a_row_shows_what_is_now_and_marks_what_is_too_much() -> None:
    signals = [Signal("quiet", 10, points=[(1, 1)]), Signal("busy", 10, points=[(1, 30)])]
    seen = Watched([Replicas(1, 3, 2)], [Use(1, 0.25, 100)], signals)
    cells = row("cart", seen)
    assert [cell.plain for cell in cells] == ["cart", "2/3", "30", "20", "-", "-", "-", "-", "0.25", "100"]
    assert "red" in str(cells[2].style)
    assert [cell.plain for cell in row("user", Watched(signals=[Signal("q", 4)]))][1:4] == ["-", "-", "4"]


def test_a_record_can_be_kept() -> None:
    seen = Watched([Replicas(1, 1, 1)], [Use(1, 0.1, 20)], [Signal("q", 10, "s", [(1.0, 2.0)])])
    record = Record({"cart": seen}, seconds=[{"at": 1.0}], entries=[{"name": "Aggregated"}])
    again = Record.from_json(record.as_json())
    assert again.as_json() == record.as_json()


class Blind:
    """A source that sees replicas and, afterwards, nothing."""

    def begin(self) -> Record:
        return Record({"cart": Watched()})

    def look(self, record: Record) -> bool:
        record.services["cart"].replicas.append(Replicas(1, 1, 1))
        return True

    def end(self, record: Record, began: float) -> None:
        raise NotSeenError("no Prometheus")


def test_what_was_seen_is_kept_when_the_rest_can_not_be_had(capsys: pytest.CaptureFixture[str]) -> None:
    with Observer(Blind(), every_s=0.01) as observer:
        time.sleep(0.1)
    assert finished(observer).services["cart"].replicas
    assert "no Prometheus" in capsys.readouterr().err
