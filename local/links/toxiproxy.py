"""toxiproxy as one more process of the mesh: built once, with a proxy for each link."""

from __future__ import annotations

import json
import os
from pathlib import Path

from local.builds import tools
from local.builds.recipe import Recipe, Step
from local.home import SHARED, Home
from local.links.table import links
from local.options import Options
from local.supervision.probes import http_ok
from local.supervision.spec import ProcessSpec
from local.topology import HOST, PROXY, address, ports

VERSION = "v2.12.0"
MODULE = "github.com/Shopify/toxiproxy/v2/cmd/server"
PROGRAM = SHARED / "tools" / f"toxiproxy-{VERSION}" / "server"


def recipe() -> Recipe:
    """Builds the pinned version; it has no package of its own."""

    def steps() -> list[Step]:
        environment = tools.build_environment() | {
            "GOBIN": str(PROGRAM.parent),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "",
        }
        command = (tools.go(), "install", f"{MODULE}@{VERSION}")
        return [Step("go install toxiproxy", command, Path("/"), environment)]

    return Recipe(PROXY, (), (PROGRAM,), steps, extra=VERSION)


def spec(home: Home, options: Options, tier: int) -> ProcessSpec:
    """The proxy's process, with its configuration file written anew. A restart mends every link."""
    configuration = home.run / "links.json"
    entries = [
        {"name": link.name, "listen": link.listen, "upstream": link.upstream, "enabled": True}
        for link in links(options)
    ]
    configuration.write_text(json.dumps(entries, indent=1))
    control = ports(PROXY, 0, options.port_base)["http"]
    where = address(PROXY, "http", options.port_base)
    return ProcessSpec(
        name=PROXY,
        kind="chaos",
        command=(str(PROGRAM), "-host", HOST, "-port", str(control), "-config", str(configuration)),
        environment={"PATH": os.defpath, "TZ": "UTC", "LOG_LEVEL": "error", "GOMEMLIMIT": "96MiB"},
        directory=home.run,
        probe=http_ok(where, "/version"),
        language="go",
        addresses={"http": where},
        stop_grace_s=5.0,
        tier=tier,
    )
