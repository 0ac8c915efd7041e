"""The table is sound, and what is made of it: ports, environments, names."""

from __future__ import annotations

from itertools import chain

import pytest

from local import specs, topology
from local.builds import all as builds
from local.environment import service_environment
from local.errors import LocalError
from local.home import Home
from local.options import Options, make, parse_replicas, port_base
from local.paths import ROOT
from local.secrets import Secrets

BASE = 9000
NAMES = [row.name for row in topology.SERVICES]


def test_every_service_of_the_table_has_its_source_and_each_source_is_in_the_table() -> None:
    folders = {path.name for path in (ROOT / "services").iterdir() if not path.name.startswith("_")}
    assert {row.name for row in topology.SERVICES if builds.exists(row)} == folders


def test_callees_come_before_callers_so_there_is_no_circle() -> None:
    seen: set[str] = set()
    for row in topology.SERVICES:
        assert set(row.upstreams) <= seen
        seen.add(row.name)


def test_no_order_waits_for_what_runs_in_the_background() -> None:
    background = {row.name for row in topology.SERVICES if row.background}
    for row in topology.SERVICES:
        if row.name != "gateway":
            assert not background & set(row.upstreams)
    in_order = {"order", *topology.closure(["order"])}
    assert not background & in_order
    for stand_in in topology.STAND_INS:
        if stand_in.used_by in background:
            assert stand_in.background


def test_what_runs_in_the_background_stands_back_and_nothing_else_does(home: Home) -> None:
    options, secrets = Options(services=tuple(NAMES), port_base=BASE), Secrets(home.secrets_file)
    for service in topology.SERVICES:
        if builds.exists(service):
            spec = specs.service_spec(service, 0, options, home, secrets)
            assert spec.niceness == (specs.BACKGROUND_NICENESS if service.background else 0)
    for stand_in in topology.STAND_INS:
        spec = specs.stand_in_spec(stand_in, home, BASE)
        assert spec.niceness == (specs.BACKGROUND_NICENESS if stand_in.background else 0)


def test_no_port_is_given_twice_and_all_lie_in_the_span() -> None:
    fixed = [
        topology.ports(row.name, 0, BASE)
        for row in chain[topology.StoreRow | topology.StandInRow](topology.STORES, topology.STAND_INS)
    ]
    replicas = [
        topology.ports(name, number, BASE) for name in NAMES for number in range(topology.MAX_REPLICAS)
    ]
    numbers = [port for ports in (*fixed, *replicas) for port in ports.values()]
    assert len(numbers) == len(set(numbers))
    assert min(numbers) == BASE + 80
    assert max(numbers) < BASE + topology.PORT_SPAN


def test_the_gateway_listens_on_base_plus_80() -> None:
    assert topology.address("gateway", "http", 8000) == "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("product", ("product", None)),
        ("product-1", ("product", 0)),
        ("product-3", ("product", 2)),
        ("payment-provider", ("payment-provider", None)),
        ("postgres", ("postgres", None)),
    ],
)
def test_a_name_means_all_replicas_or_one(name: str, meant: tuple[str, int | None]) -> None:
    assert topology.split_name(name) == meant


@pytest.mark.parametrize("name", ["prodct", "product-0", "product-11", "postgres-2", ""])
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str) -> None:
    with pytest.raises(LocalError, match="no process is called"):
        topology.split_name(name)


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(LocalError, match="did you mean notification"):
        make(["notifcation"], [], BASE)


def test_a_service_brings_what_it_calls_and_no_more() -> None:
    assert make(["order"], [], BASE).services == (
        "product",
        "cart",
        "inventory",
        "payment",
        "shipping",
        "order",
    )
    assert make(["user"], [], BASE).services == ("user",)
    assert topology.stores_of(["user"]) == ["postgres", "nats"]
    assert topology.stand_ins_of(["payment"]) == ["payment-provider"]


@pytest.mark.parametrize("text", ["product", "product=", "product=0", "product=11", "product=x", "=3"])
def test_bad_replicas_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(LocalError, match="such as product=3"):
        parse_replicas([text])


def test_replicas_of_something_that_is_not_started_are_refused() -> None:
    with pytest.raises(LocalError, match="order is not among the services to start"):
        make(["user"], ["order=2"], BASE)


def test_all_means_every_service_and_a_name_beside_it_wins() -> None:
    options = make([], ["all=2,order=3"], BASE)
    assert {options.replicas_of(name) for name in NAMES if name != "order"} == {2}
    assert options.replicas_of("order") == 3
    assert make(["user"], ["all=4"], BASE).replicas == {"user": 4}


def test_options_survive_the_way_to_a_detached_supervisor() -> None:
    options = make(["order"], ["all=2"], BASE, faulty_links=True)
    assert Options.load(options.dump()) == options


@pytest.mark.parametrize("base", [0, 900, 65500])
def test_an_impossible_port_base_is_refused(base: int) -> None:
    with pytest.raises(LocalError, match=f"--port-base {base}"):
        port_base(base)


def test_the_port_base_of_the_environment_counts_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANYAN_PORT_BASE", "9500")
    assert port_base(None) == 9500
    assert port_base(9000) == 9000


def environment(name: str, home: Home, options: Options, replica: int = 0) -> dict[str, str]:
    return service_environment(topology.service(name), replica, options, home, Secrets(home.secrets_file))


def test_callers_know_every_replica_of_what_they_call(home: Home) -> None:
    values = environment("gateway", home, make([], ["product=2"], BASE))
    assert values["PRODUCT_ADDR"] == "127.0.0.1:9140,127.0.0.1:9142"
    for row in topology.SERVICES:
        known = {name for name in environment(row.name, home, make([], [], BASE)) if name.endswith("_ADDR")}
        assert {f"{upstream.upper()}_ADDR" for upstream in row.upstreams} <= known


def test_each_service_gets_its_own_database_and_listens_on_loopback_only(home: Home) -> None:
    options = make([], [], BASE)
    urls = set()
    for row in topology.SERVICES:
        values = environment(row.name, home, options)
        listens = [value for name, value in values.items() if name.endswith("_LISTEN")]
        assert listens
        assert all(value.startswith("127.0.0.1:") for value in listens)
        urls |= {value for name, value in values.items() if name.endswith(("_DATABASE_URL", "_REDIS_URL"))}
    assert len(urls) == len(topology.SERVICES)


def test_settings_by_hand_win_but_not_over_addresses(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDER_LOG_LEVEL", "debug")
    monkeypatch.setenv("ORDER_DATABASE_URL", "postgres://elsewhere")
    monkeypatch.setenv("PRODUCT_LOG_LEVEL", "debug")
    monkeypatch.setenv("BANYAN_CLOCK_OFFSET_S", "60")
    values = environment("order", home, make([], [], BASE))
    assert values["ORDER_LOG_LEVEL"] == "debug"
    assert "127.0.0.1:9100" in values["ORDER_DATABASE_URL"]
    assert "PRODUCT_LOG_LEVEL" not in values
    assert values["BANYAN_CLOCK_OFFSET_S"] == "60"


def test_only_user_gets_the_signing_key(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANYAN_JWT_SIGNING_KEY_FILE", "/keys/one.pem")
    options = make([], [], BASE)
    holders = [name for name in NAMES if "BANYAN_JWT_SIGNING_KEY_FILE" in environment(name, home, options)]
    assert holders == ["user"]


def test_services_stop_before_what_they_call() -> None:
    tiers = {row.name: specs.depth(row) for row in topology.SERVICES}
    assert all(tiers[row.name] > tiers[upstream] for row in topology.SERVICES for upstream in row.upstreams)
