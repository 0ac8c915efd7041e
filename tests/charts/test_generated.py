"""What is generated is up to date, and what is listed by hand agrees with the services' own documents."""

from __future__ import annotations

import re

import pytest

from local import topology
from local.charts import generate
from local.charts.schema import settings, sources
from local.paths import ROOT
from local.topology import ServiceRow


def test_generated_files_are_up_to_date() -> None:
    old = [str(file.relative_to(ROOT)) for file, text in generate.texts().items() if file.read_text() != text]
    assert old == [], "run ./banyan charts gen"


@pytest.mark.parametrize("row", topology.SERVICES, ids=lambda row: row.name)
def test_every_setting_of_a_chart_is_in_the_services_readme(row: ServiceRow) -> None:
    readme = (ROOT / "services" / row.name / "README.md").read_text()
    named = set(re.findall(r"`(…?_?[A-Z][A-Z0-9_]+)`", readme))
    ends = tuple(name.lstrip("…") for name in named if name.startswith("…"))
    listed = settings(row, sources()[1])
    unknown = [name for name in listed if name not in named and not (ends and name.endswith(ends))]
    assert [name for name in unknown if name != "GOMEMLIMIT"] == []


@pytest.mark.parametrize("row", topology.SERVICES, ids=lambda row: row.name)
def test_every_plain_setting_of_the_readme_can_be_set(row: ServiceRow) -> None:
    readme = (ROOT / "services" / row.name / "README.md").read_text()
    section = readme.partition("## Settings")[2].partition("\n## ")[0]
    named = set(re.findall(rf"`({row.prefix}_[A-Z0-9_]+)`", section))
    by_other_means = (
        "_DATABASE_URL",
        "_REDIS_URL",
        "_POOL_MAX",
        "_LISTEN",
        "_DRAIN_DELAY_S",
        "_DRAIN_GRACE_S",
    )
    secret = {"ORDER_TOKEN_KEY", "NOTIFICATION_SMTP_URL"}
    listed = settings(row, sources()[1])
    left = {name for name in named if not name.endswith(by_other_means)} - secret
    assert left - set(listed) == set()
