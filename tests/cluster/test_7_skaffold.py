"""`skaffold run -m order`, step by step: what it requires, in its order, each chart alone with the values it describes."""

from __future__ import annotations

import json
from typing import Final

from local import topology
from tests.support.cluster import READY_S, Cluster
from tests.support.skaffold import everything, needed, releases_of, values_of

MODULE: Final = "order"


def test_a_module_and_its_needs_install_chart_by_chart(empty: Cluster) -> None:
    listed: dict[str, str] = json.loads(empty.values[-1].with_name("images.json").read_text())
    references = {
        f"banyan/{name}": (reference.rpartition(":")[0], reference.rpartition(":")[2])
        for name, reference in listed.items()
    }
    services = {row.name for row in topology.SERVICES}
    configs = {name: config for name, (_, config) in everything().items() if name in needed(MODULE)}
    released = [name for name, config in configs.items() if config.deploy and config.deploy.helm]
    installed = []
    for name in sorted(released, key=lambda name: name in services):
        for folder, release in releases_of(name):
            values = values_of(release, references)
            sets = [word for place, value in values.items() for word in ("--set", f"{place}={value}")]
            chart = (folder / release.chartPath).resolve()
            empty.helm("upgrade", "--install", release.name, chart, *sets)
            installed.append(release.name)
    assert {"cart", "product", "inventory", "payment", "shipping", "order", "order-postgres", "nats"} <= set(
        installed
    )
    assert not {"user", "gateway", "notification"} & set(installed)
    for service in ("cart", "product", "inventory", "payment", "shipping", "order"):
        empty.kubectl("rollout", "status", f"deployment/{service}", "--timeout=240s", deadline_s=READY_S)
    for name in reversed(installed):
        empty.helm("uninstall", name, "--wait")
