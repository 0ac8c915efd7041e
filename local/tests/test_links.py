"""Links: one for every two that talk, each with a port of its own, and services that go through them."""

from __future__ import annotations

import json
import re

import pytest

from local import topology
from local.environment import service_environment
from local.errors import LocalError
from local.home import Home
from local.links import toxiproxy
from local.links.table import FIRST_LINK_OFFSET, links, through_links
from local.options import Options, make
from local.secrets import Secrets

BASE = 9000
SERVICES = [row.name for row in topology.SERVICES]


def faulty(*replicas: str) -> Options:
    return make([], replicas, BASE, faulty_links=True)


def test_there_is_a_link_from_each_service_to_all_it_talks_to() -> None:
    found = {(link.caller, link.callee) for link in links(faulty("all=2"))}
    for row in topology.SERVICES:
        wanted = {name for upstream in row.upstreams for name in (upstream, f"{upstream}-2")}
        wanted |= set(row.stores) | {each.name for each in topology.STAND_INS if each.used_by == row.name}
        assert {callee for caller, callee in found if caller == row.name} == wanted


def test_links_have_names_and_ports_of_their_own_above_all_others() -> None:
    all_links = links(faulty("all=2"))
    assert len({link.name for link in all_links}) == len(all_links)
    ports = {int(link.listen.rpartition(":")[2]) for link in all_links}
    assert len(ports) == len(all_links)
    assert min(ports) == BASE + FIRST_LINK_OFFSET
    assert max(ports) < BASE + topology.PORT_SPAN
    services = {
        port for name in SERVICES for port in topology.ports(name, topology.MAX_REPLICAS - 1, BASE).values()
    }
    assert max(services) < BASE + topology.PROXY_OFFSET


def test_too_many_replicas_for_the_ports_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.links.table.PORT_SPAN", topology.PROXY_OFFSET + 20)
    with pytest.raises(LocalError, match="take fewer replicas"):
        links(faulty("all=2"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_with_faulty_links_knows_no_direct_address_but_its_own(name: str, home: Home) -> None:
    options = faulty("all=2")
    row = topology.service(name)
    values = service_environment(row, 1, options, home, Secrets(home.secrets_file))
    own = topology.ports(name, 1, BASE).values()
    between = {int(link.listen.rpartition(":")[2]) for link in links(options) if link.caller == name}
    found = {int(port) for value in values.values() for port in re.findall(r"127\.0\.0\.1:(\d+)", value)}
    unused = {BASE + 101} - {
        BASE + 101 for store in row.stores if store == "nats"
    }  # told to all, used by most
    assert found - unused == set(own) | between


def test_addresses_of_nobody_in_particular_stay_as_they_are() -> None:
    options = faulty()
    order = next(link for link in links(options) if link.name == "order-to-payment")
    text = f"postgres://a:b@{order.upstream}/c,127.0.0.1:1,{order.upstream}"
    assert (
        through_links(text, "order", options) == f"postgres://a:b@{order.listen}/c,127.0.0.1:1,{order.listen}"
    )
    assert through_links(text, "user", options) == text


def test_the_proxy_is_told_every_link(home: Home) -> None:
    options = faulty("all=2")
    spec = toxiproxy.spec(home, options, tier=1)
    told = json.loads((home.run / "links.json").read_text())
    assert [(each["name"], each["listen"], each["upstream"]) for each in told] == [
        (link.name, link.listen, link.upstream) for link in links(options)
    ]
    assert spec.addresses == {"http": f"127.0.0.1:{BASE + topology.PROXY_OFFSET}"}
    assert topology.split_name(spec.name) == (topology.PROXY, None)
