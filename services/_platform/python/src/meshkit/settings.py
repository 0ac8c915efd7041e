"""Typed settings from the environment: every problem in one report, secrets starred."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

STARS = "***"
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


def settings_config(service: str) -> SettingsConfigDict:
    """The `model_config` of a service's settings; own variables are prefixed `<SERVICE>_`."""
    return SettingsConfigDict(
        env_prefix=f"{service.upper()}_",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        extra="ignore",
    )


def shared(env_name: str, default: Any = ..., **constraints: Any) -> Any:
    """A field whose environment variable is exactly `env_name`, without the service's prefix."""
    return Field(default=default, validation_alias=env_name, **constraints)


def upstream(name: str, default: str | None = None) -> Any:
    """A field holding a neighbour's address, read from `<NAME>_ADDR`; required when there is no default."""
    return shared(f"{name.upper()}_ADDR", ... if default is None else default, min_length=3)


def _listen_address(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not (separator and host and port.isdigit() and int(port) <= 65535):
        raise ValueError("must be host:port with a port from 0 to 65535")
    return value


ListenAddress = Annotated[str, AfterValidator(_listen_address)]


class ServiceSettings(BaseSettings):
    """What every service can be told; subclasses set `model_config = settings_config("NAME")`."""

    model_config = settings_config("SERVICE")

    grpc_listen: ListenAddress = "0.0.0.0:50051"
    admin_listen: ListenAddress = "0.0.0.0:9090"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_delay_s: float = Field(default=0.0, ge=0, le=300)
    drain_grace_s: float = Field(default=10.0, ge=0, le=600)
    max_concurrent_rpcs: int = Field(default=200, ge=1)
    max_connection_age_s: float = Field(default=60.0, gt=0)

    nats_url: str = shared("NATS_URL", "nats://127.0.0.1:4222")
    environment: Literal["development", "production"] = shared("BANYAN_ENVIRONMENT", "development")
    clock_offset_s: float = shared("BANYAN_CLOCK_OFFSET_S", 0.0)
    service_config_file: Path | None = shared("BANYAN_SERVICE_CONFIG_FILE", None)
    live_file: Path | None = shared("BANYAN_LIVE_FILE", None)
    otlp_endpoint: str | None = shared("OTEL_EXPORTER_OTLP_ENDPOINT", None)

    @field_validator("clock_offset_s")
    @classmethod
    def _true_time_in_production(cls, value: float, info: ValidationInfo) -> float:
        if value and info.data.get("environment") == "production":
            raise ValueError("must be 0 in production")
        return value


class DatabaseSettings(BaseModel):
    """Mixin of services with a PostgreSQL store: `class S(DatabaseSettings, ServiceSettings)`."""

    database_url: SecretStr
    database_pool_max: int = Field(default=8, ge=1, le=200)


S = TypeVar("S", bound=ServiceSettings)


def load(cls: type[S]) -> S:
    """Reads the environment; prints every problem to stderr and exits with status 2 when there is any."""
    try:
        return cls()
    except ValidationError as error:
        _fail(cls, error)


def _fail(cls: type[ServiceSettings], error: ValidationError) -> NoReturn:
    lines = problems(cls, error)
    report = "\n".join(f"  {line}" for line in lines)
    sys.stderr.write(f"{len(lines)} setting(s) to fix:\n{report}\n")
    raise SystemExit(2)


def problems(cls: type[ServiceSettings], error: ValidationError) -> list[str]:
    """One line `VARIABLE: what is wrong` for each problem, never with the value, which may be a secret."""
    lines = []
    for detail in error.errors(include_url=False, include_input=False):
        message = detail["msg"].removeprefix("Value error, ")
        if detail["loc"]:
            wrong = "required, not set" if detail["type"] == "missing" else message
            message = f"{_variable(cls, str(detail['loc'][0]))}: {wrong}"
        lines.append(message)
    return sorted(lines)


def _variable(cls: type[ServiceSettings], location: str) -> str:
    field: FieldInfo | None = cls.model_fields.get(location)
    if field is None:  # pydantic reports aliased fields by their alias, which is the variable's name already
        return location
    if isinstance(field.validation_alias, str):
        return field.validation_alias
    return f"{cls.model_config.get('env_prefix', '')}{location}".upper()


def describe(settings: ServiceSettings) -> dict[str, str]:
    """Every setting as text for the start-up log; secrets starred."""
    shown = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        shown[name] = STARS if isinstance(value, SecretStr) else _CREDENTIALS.sub(f"//{STARS}@", str(value))
    return shown


def service_name(cls: type[ServiceSettings]) -> str:
    """The service's name in lower case, taken from the prefix of its variables."""
    return str(cls.model_config.get("env_prefix", "")).rstrip("_").lower()
