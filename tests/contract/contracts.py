"""The contracts as the tests see them: every file, RPC and message of `banyan.*.v1`, options read, comments found."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor, MethodDescriptor

from banyan.options.v1 import options_pb2
from buf.validate import validate_pb2
from gateway.openapi import comments as gateway_comments

ROOT: Final = Path(__file__).resolve().parents[2]
PROTOS: Final = ROOT / "protos"
GENERATED: Final = PROTOS / "gen/python"
VERBS: Final = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Rpc:
    """One RPC and its options, unset ones as they are on the wire."""

    method: MethodDescriptor
    access: str
    idempotency: str
    budget_millis: int
    http_status: int
    verb: str
    path: str
    body: str

    @property
    def name(self) -> str:
        """`banyan.cart.v1.CartService/GetCart`."""
        return f"{self.method.containing_service.full_name}/{self.method.name}"

    @property
    def request(self) -> Descriptor:
        """The message it takes."""
        return self.method.input_type

    @property
    def response(self) -> Descriptor:
        """The message it answers with."""
        return self.method.output_type

    @property
    def is_public(self) -> bool:
        """Whether the gateway has a route to it."""
        return bool(self.path)

    def __str__(self) -> str:
        return self.name


@cache
def files() -> tuple[FileDescriptor, ...]:
    """Every generated file of ours."""
    names = sorted(path.relative_to(GENERATED) for path in GENERATED.glob("banyan/*/v*/*_pb2.py"))
    modules = [importlib.import_module(".".join(name.with_suffix("").parts)) for name in names]
    return tuple(module.DESCRIPTOR for module in modules)


@cache
def rpcs() -> tuple[Rpc, ...]:
    """Every RPC, by its name."""
    found = [
        _rpc(method)
        for file in files()
        for service in file.services_by_name.values()
        for method in service.methods
    ]
    return tuple(sorted(found, key=str))


def _rpc(method: MethodDescriptor) -> Rpc:
    options = method.GetOptions()
    rule = options.Extensions[cast(Any, annotations_pb2.http)]
    verb = next((verb for verb in VERBS if getattr(rule, verb)), "")
    return Rpc(
        method=method,
        access=options_pb2.Access.Name(_option(options, options_pb2.access)),
        idempotency=options_pb2.Idempotency.Name(_option(options, options_pb2.idempotency)),
        budget_millis=_option(options, options_pb2.budget_millis),
        http_status=_option(options, options_pb2.http_status),
        verb=verb.upper(),
        path=getattr(rule, verb) if verb else "",
        body=rule.body,
    )


def _option(options: Any, extension: Any) -> Any:
    return options.Extensions[extension]


def messages() -> Iterator[Descriptor]:
    """Every message, nested ones included, but not the entries of maps."""
    for file in files():
        yield from _with_nested(file.message_types_by_name)


def _with_nested(found: Mapping[str, Descriptor]) -> Iterator[Descriptor]:
    for message in found.values():
        if not message.GetOptions().map_entry:
            yield message
            yield from _with_nested(message.nested_types_by_name)


def enums() -> Iterator[EnumDescriptor]:
    """Every enum."""
    for file in files():
        yield from file.enum_types_by_name.values()
    for message in messages():
        yield from message.enum_types


def rules(field: Any) -> validate_pb2.FieldRules:
    """The field's buf.validate rules; empty ones when it has none."""
    return cast(validate_pb2.FieldRules, _option(field.GetOptions(), validate_pb2.field))


@cache
def comments() -> Mapping[str, str]:
    """The comment of everything that has one, by full name."""
    return gateway_comments.load()


def report(problems: list[str], rule: str) -> None:
    """Fails with every breach of a rule at once."""
    assert not problems, f"{rule}:\n  " + "\n  ".join(sorted(problems))
