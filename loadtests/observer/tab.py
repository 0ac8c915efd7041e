"""The services in locust's own web page: a tab beside its charts, and the whole report at /observer."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import gevent
from flask import request
from locust import events

from loadtests.observer.now import COLUMNS, now
from loadtests.observer.observer import Observer, Source
from loadtests.observer.record import Record

KEY: Final = "services"
EVERY_S: Final = 2.0
REFRESH_S: Final = 10
TAB: Final = {
    "extended_tabs": [{"title": "Services", "key": KEY}],
    "extended_tables": [
        {"key": KEY, "structure": [{"key": key, "title": title} for key, title in COLUMNS.items()]}
    ],
    "extended_csv_files": [{"href": "/observer", "title": "Services: signals, replicas and verdicts"}],
}


def install() -> None:
    """Adds the tab where there is a web page and something to observe."""
    events.init.add_listener(_begin)


def _begin(environment: Any, **_: Any) -> None:
    if environment.web_ui and (source := _source(environment.parsed_options)):
        observer = Observer(source, every_s=EVERY_S)
        observer.__enter__()
        add(environment.web_ui, observer.record)


def _source(options: Any) -> Source | None:
    # Not at the top: nobody needs both, and most neither.
    if options.observe_namespace:
        from kubernetes import config  # noqa: PLC0415

        from loadtests.observer.cluster import Shop  # noqa: PLC0415
        from loadtests.observer.mesh import SIGNALS  # noqa: PLC0415

        config.load_kube_config()
        return Shop(options.observe_namespace, SIGNALS, live=True)
    if options.observe_mesh:
        from loadtests.observer.mesh import LocalMesh  # noqa: PLC0415

        told = json.loads(Path(options.observe_mesh).read_text())
        return LocalMesh(told["addresses"], told["thresholds"])
    return None


def add(web_ui: Any, record: Record) -> None:
    """The tab, what it is filled with each time that the page asks for figures, and the report."""
    web_ui.template_args |= TAB

    @web_ui.app.after_request
    def with_services(response: Any) -> Any:
        if request.path.endswith("/stats/requests"):
            rows = [asdict(now(name, watched)) for name, watched in record.services.items()]
            response.set_data(json.dumps({**response.json, "extended_stats": [{"key": KEY, "data": rows}]}))
        return response

    @web_ui.app.route("/observer")
    @web_ui.auth_required_if_enabled
    def observer() -> str:
        from loadtests.observer.report import page  # noqa: PLC0415 - it draws

        # In a thread, so that people go on meanwhile.
        drawn: str = gevent.get_hub().threadpool.apply(page, (record, "Services"), {"refresh_s": REFRESH_S})
        return drawn
