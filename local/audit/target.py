"""Where the books are: of the mesh on this machine, or as a file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from local import topology
from local.audit.rules import Limits
from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.secrets import Secrets
from local.stores import nats, postgres, redis, roles

REFERENCE: Final = re.compile(r"\$\{(\w+)\}")
WITH_BOOKS: Final = tuple(row.name for row in topology.SERVICES if row.data_store == "postgres")
IN_REDIS: Final = tuple(
    row.name for row in topology.SERVICES if row.data_store == "redis" and "nats" in row.stores
)
"""Services that keep in Redis which events they have applied; the gateway keeps its limits there, and no books."""
WITH_LEDGER: Final = tuple(row.name for row in topology.STAND_INS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Addresses by service and by ledger; `services` are all that run, also those whose books are no database."""

    name: str
    services: frozenset[str]
    databases: Mapping[str, str] = field(repr=False)
    redis: Mapping[str, str] = field(default_factory=dict, repr=False)
    ledgers: Mapping[str, str] = field(default_factory=dict)
    nats: str = field(default="", repr=False)
    limits: Limits = field(default_factory=Limits)

    @property
    def sources(self) -> frozenset[str]:
        """Everything that can be read."""
        return frozenset({*self.books, *self.ledgers, *(("nats",) if self.nats else ())})

    @property
    def books(self) -> frozenset[str]:
        """Services whose books can be read."""
        return frozenset({*self.databases, *self.redis})

    @property
    def unread(self) -> tuple[str, ...]:
        """Services that keep books which this target does not give, in the order of the topology."""
        return tuple(name for name in (*WITH_BOOKS, *IN_REDIS) if name not in self.books)


def local_target(home: Home) -> Target:
    """The mesh that runs in this home; LocalError when none does."""
    status = ask(home, "status")
    secrets, base = Secrets(home.secrets_file), int(status["port_base"])
    running = {row["group"] or row["name"] for row in status["processes"]}
    return Target(
        name=f"the mesh of {home.path}",
        services=frozenset(running & {row.name for row in topology.SERVICES}),
        databases={
            name: postgres.url(name, roles.role_password(secrets, name), name, base)
            for name in WITH_BOOKS
            if name in running
        },
        redis={name: redis.url(name, secrets, base) for name in IN_REDIS if {name, "redis"} <= running},
        ledgers={
            name: f"http://{topology.address(name, 'http', base)}" for name in WITH_LEDGER if name in running
        },
        nats=nats.url(base) if "nats" in running else "",
    )


def _one_of(names: tuple[str, ...], what: str) -> AfterValidator:
    def check(found: dict[str, str]) -> dict[str, str]:
        for name in found:
            if name not in names:
                raise ValueError(str(topology.unknown_name(what, name, names)))
        return found

    return AfterValidator(check)


Dsn = Annotated[str, Field(pattern=r"^postgres(ql)?://[^/\s]+/\S+$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://\S+$")]
RedisUrl = Annotated[str, Field(pattern=r"^rediss?://\S+$")]
NatsUrl = Annotated[str, Field(pattern=r"^(nats|tls)://\S+$")]


class _Document(BaseModel):
    """The file. Everything may be left out but one database."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    databases: Annotated[dict[str, Dsn], Field(min_length=1), _one_of(WITH_BOOKS, "service with a database")]
    redis: Annotated[dict[str, RedisUrl], _one_of(IN_REDIS, "service with books in Redis")] = {}
    ledgers: Annotated[dict[str, HttpUrl], _one_of(WITH_LEDGER, "ledger")] = {}
    nats: NatsUrl | None = None
    limits: Annotated[
        dict[str, Annotated[float, Field(gt=0, strict=False)]],
        _one_of(tuple(each.name for each in fields(Limits)), "limit"),
    ] = {}


def load_target(path: Path, environment: Mapping[str, str]) -> Target:
    """The target that a YAML or JSON file describes, `${NAME}` replaced from the environment.

    Raises LocalError with everything that is wrong with the file at once.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise LocalError(f"the target {path} can't be read: {reason}") from error
    missing: list[str] = []
    filled = _filled(document, environment, missing)
    if missing:
        names = ", ".join(sorted(set(missing)))
        raise LocalError(f"{path}: not in the environment: {names}")
    try:
        checked = _Document.model_validate(filled)
    except ValidationError as error:
        raise LocalError(f"{path}: {_problems(error)}") from error
    return Target(
        name=str(path),
        services=frozenset({*checked.databases, *checked.redis}),
        databases=checked.databases,
        redis=checked.redis,
        ledgers=checked.ledgers,
        nats=checked.nats or "",
        limits=Limits(**checked.limits),
    )


def _filled(value: Any, environment: Mapping[str, str], missing: list[str]) -> Any:
    """With references replaced. One inside an address is percent-encoded; one that is the whole value stays as it is."""
    if isinstance(value, dict):
        return {str(key): _filled(each, environment, missing) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value) is not None

    def found(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environment:
            missing.append(name)
            return ""
        return environment[name] if whole else quote(environment[name], safe="")

    return REFERENCE.sub(found, value)


def _problems(error: ValidationError) -> str:
    found = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(str(part) for part in each["loc"]) or "the file"
        found.append(f"{where}: {each['msg'].removeprefix('Value error, ')}")
    return "; ".join(found)
