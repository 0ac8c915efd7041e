"""Settings: all problems at once, no secret shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from meshkit.settings import (
    DatabaseSettings,
    ServiceSettings,
    describe,
    load,
    service_name,
    settings_config,
    shared,
    upstream,
)


class BillingSettings(DatabaseSettings, ServiceSettings):
    model_config = settings_config("BILLING")
    ledger_addr: str = upstream("LEDGER")
    mailer_addr: str = upstream("MAILER", "127.0.0.1:1")
    broker: str = shared("BROKER_URL", "nats://user:secret@host:4222")
    retries: int = 3


GOOD = {"BILLING_DATABASE_URL": "postgres://billing:hunter2@host/billing", "LEDGER_ADDR": "127.0.0.1:5"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_defaults_own_shared_and_neighbours_are_read(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BILLING_RETRIES", "7")
    environment.setenv("NATS_URL", "nats://elsewhere:1")
    environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")
    settings = load(BillingSettings)
    assert (settings.retries, settings.nats_url) == (7, "nats://elsewhere:1")
    assert (settings.ledger_addr, settings.mailer_addr) == ("127.0.0.1:5", "127.0.0.1:1")
    assert settings.otlp_endpoint == "http://collector:4317"
    assert (settings.grpc_listen, settings.admin_listen) == ("0.0.0.0:50051", "0.0.0.0:9090")
    assert (settings.database_pool_max, settings.max_concurrent_rpcs) == (8, 200)
    assert settings.database_url.get_secret_value() == GOOD["BILLING_DATABASE_URL"]
    assert service_name(BillingSettings) == "billing"


def test_every_problem_is_reported_at_once(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("BILLING_DATABASE_URL")
    environment.delenv("LEDGER_ADDR")
    environment.setenv("BILLING_RETRIES", "many")
    environment.setenv("BILLING_GRPC_LISTEN", "nowhere")
    environment.setenv("BANYAN_ENVIRONMENT", "production")
    environment.setenv("BANYAN_CLOCK_OFFSET_S", "3600")
    with pytest.raises(SystemExit) as raised:
        load(BillingSettings)
    assert raised.value.code == 2
    report = capsys.readouterr().err
    assert report.startswith("5 setting(s) to fix:\n")
    for line in (
        "BILLING_DATABASE_URL: required, not set",
        "LEDGER_ADDR: required, not set",
        "BILLING_RETRIES: ",
        "BILLING_GRPC_LISTEN: must be host:port with a port from 0 to 65535",
        "BANYAN_CLOCK_OFFSET_S: must be 0 in production",
    ):
        assert line in report
    assert "many" not in report


def test_settings_cannot_be_changed() -> None:
    settings = load(BillingSettings)
    with pytest.raises(ValueError, match="frozen"):
        settings.retries = 1


def test_secrets_are_starred_when_shown() -> None:
    shown = describe(load(BillingSettings))
    assert shown["database_url"] == "***"
    assert shown["broker"] == "nats://***@host:4222"
    assert shown["ledger_addr"] == "127.0.0.1:5"
    assert "hunter2" not in str(shown)


def test_tests_can_give_values_by_name() -> None:
    settings = BillingSettings(
        database_url=SecretStr("postgres://x"), ledger_addr="h:1", nats_url="nats://h:2"
    )
    assert (settings.ledger_addr, settings.nats_url) == ("h:1", "nats://h:2")


def test_a_process_with_bad_settings_says_so_and_ends_with_2() -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("echo_process.py"))],
        env={"ECHO_GRPC_LISTEN": "here", "ECHO_DRAIN_GRACE_S": "-1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("2 setting(s) to fix:")
    assert "Traceback" not in done.stderr
