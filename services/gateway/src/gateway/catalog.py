"""The public methods, read from the contracts' descriptors: an RPC with a `google.api.http` rule is public, and no other."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from banyan.options.v1 import options_pb2
from gateway.httprule import Template, TemplateError, parse
from gateway.transcode.binding import REQUEST_ID, WHOLE, Binder
from gateway.transcode.decode import JsonDecoder
from meshkit.access import INTERNAL, access_of

DEFAULT_BUDGET_MILLIS: Final = 2000
_MAX_BUDGET_MILLIS: Final = 60_000
_PATTERNS: Final = ("get", "put", "post", "delete", "patch")


class CatalogError(Exception):
    """The contracts can't be served; names every problem at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("the contracts' routes can't be served:\n  " + "\n  ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP method and path of one RPC, with all that is worked out once instead of per request.

    `body` and `response_body` are as in the http rule; `budget_s` is the whole time of one request.
    """

    http_method: str
    template: Template
    upstream: str
    rpc: str
    method: MethodDescriptor
    response_type: type[Message]
    binder: Binder
    body: str
    response_body: str
    access: int
    idempotency: int
    budget_s: float
    http_status: int


def public_services(package: str = "banyan") -> list[ServiceDescriptor]:
    """Every service of the generated `<package>.<noun>.v1.*_service_pb2` modules, by name."""
    root = importlib.import_module(package)
    files = {
        path.relative_to(folder).with_suffix("")
        for folder in map(Path, root.__path__)
        for path in folder.glob("*/v*/*_service_pb2.py")
    }
    modules = [importlib.import_module(f"{package}.{'.'.join(path.parts)}") for path in sorted(files)]
    services = [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
    return sorted(services, key=lambda service: str(service.full_name))


def routes_of(services: Iterable[ServiceDescriptor], decoder: JsonDecoder) -> list[Route]:
    """The routes of all public methods; raises CatalogError that names every problem."""
    routes: list[Route] = []
    problems: list[str] = []
    for service in services:
        for method in service.methods:
            for rule in _rules(method):
                try:
                    routes.append(_route(method, rule, decoder))
                except ValueError as error:
                    problems.append(f"{method.full_name}: {error}")
    problems.extend(_conflicts(routes))
    if problems:
        raise CatalogError(problems)
    return routes


def _rules(method: MethodDescriptor) -> Iterator[http_pb2.HttpRule]:
    options = method.GetOptions()
    if options.HasExtension(annotations_pb2.http):
        rule = options.Extensions[annotations_pb2.http]
        yield rule
        yield from rule.additional_bindings


def _route(method: MethodDescriptor, rule: http_pb2.HttpRule, decoder: JsonDecoder) -> Route:
    http_method, text = _pattern(rule)
    template = parse(text)
    _check(method, rule, http_method)
    request_type = GetMessageClass(method.input_type)
    service = method.containing_service
    return Route(
        http_method=http_method,
        template=template,
        upstream=service.file.package.split(".")[-2],
        rpc=f"/{service.full_name}/{method.name}",
        method=method,
        response_type=GetMessageClass(method.output_type),
        binder=Binder(request_type, template, rule.body, decoder),
        body=rule.body,
        response_body=rule.response_body,
        access=access_of(method),
        idempotency=int(_option(method, options_pb2.idempotency)),
        budget_s=(int(_option(method, options_pb2.budget_millis)) or DEFAULT_BUDGET_MILLIS) / 1000,
        http_status=int(_option(method, options_pb2.http_status)) or 200,
    )


def _pattern(rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind == "custom":
        return rule.custom.kind.upper(), rule.custom.path
    if kind not in _PATTERNS:
        raise TemplateError("the http rule has no path")
    return kind.upper(), getattr(rule, kind)


def _option(method: MethodDescriptor, extension: Any) -> Any:
    return method.GetOptions().Extensions[cast(Any, extension)]


def _check(method: MethodDescriptor, rule: http_pb2.HttpRule, http_method: str) -> None:
    """Raises ValueError for options that contradict each other."""
    fields = method.input_type.fields_by_name
    if access_of(method) == INTERNAL:
        raise ValueError("has an http rule but is internal")
    if method.client_streaming or method.server_streaming:
        raise ValueError("streams can't be served over JSON")
    if rule.body and http_method in ("GET", "DELETE", "HEAD"):
        raise ValueError(f"a {http_method} request has no body")
    for name, message in ((rule.body, method.input_type), (rule.response_body, method.output_type)):
        field = message.fields_by_name.get(name)
        if name not in ("", WHOLE) and (field is None or field.message_type is None or field.is_repeated):
            raise ValueError(f"{message.full_name} has no single message field {name!r} for a body")
    if _option(method, options_pb2.idempotency) and REQUEST_ID not in fields:
        raise ValueError(f"takes an Idempotency-Key but has no field {REQUEST_ID!r}")
    if not 0 <= _option(method, options_pb2.budget_millis) <= _MAX_BUDGET_MILLIS:
        raise ValueError(f"budget_millis must be at most {_MAX_BUDGET_MILLIS}")
    if _option(method, options_pb2.http_status) not in (0, 200, 201, 202, 203, 204):
        raise ValueError("http_status must be from 200 to 204")


def _conflicts(routes: Sequence[Route]) -> Iterator[str]:
    """Routes that match exactly the same requests; a literal beside a variable is no conflict, the literal wins."""
    taken: dict[tuple[str, str], Route] = {}
    for route in routes:
        first = taken.setdefault((route.http_method, route.template.shape), route)
        if first is not route:
            yield (
                f"{route.method.full_name}: {route.http_method} {route.template.text} "
                f"is already {first.method.full_name}"
            )
