"""Spans by our own hand: ids always, OpenTelemetry spans only when an exporter is configured."""

from __future__ import annotations

import importlib
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from meshkit.tracecontext import TraceContext, current_trace, new_trace, parse, trace_variable

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from meshkit.otel import Recorder

SERVER: Final = "SERVER"
CLIENT: Final = "CLIENT"
CONSUMER: Final = "CONSUMER"
INTERNAL: Final = "INTERNAL"

_SERVER_ERRORS: Final = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
_variable = trace_variable()


class _State:
    """Process-wide: the recorder, and the module it came from, once an exporter is configured."""

    recorder: Recorder | None = None
    otel: Any = None


class Span:
    """`with` it around the work: it is the current span there. Perhaps recorded, always with ids."""

    __slots__ = ("_kind", "_recorded", "_token", "context")

    def __init__(self, name: str, kind: str, parent: TraceContext | None, *, linked: bool = False) -> None:
        self._kind = kind
        self._recorded: Any = None
        self._token: Token[TraceContext | None] | None = None
        if _State.recorder is not None:
            self._recorded = _State.recorder.start(name, kind, parent, linked=linked)
            self.context: TraceContext = _State.otel.identity_of(self._recorded)
        else:
            self.context = parent.child() if parent is not None else new_trace()

    def __enter__(self) -> Span:
        self._token = _variable.set(self.context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _variable.reset(self._token)
        if self._recorded is not None and error is not None and self._kind not in (SERVER, CLIENT):
            _State.otel.mark_error(self._recorded, type(error).__name__)
        self.end()

    def end(self) -> None:
        """Ends a span that was not entered by `with`."""
        if self._recorded is not None:
            self._recorded.end()

    def finish(self, grpc_status: str) -> None:
        """Notes the call's status; for servers only our own faults make the span an error."""
        if self._recorded is None:
            return
        self._recorded.set_attribute("rpc.grpc.status_code", grpc_status)
        if grpc_status in _SERVER_ERRORS if self._kind == SERVER else grpc_status != "OK":
            _State.otel.mark_error(self._recorded, grpc_status)

    def set_attribute(self, key: str, value: str | int | float | bool) -> None:
        """Adds a fact to the span: ids and counts, never personal data."""
        if self._recorded is not None:
            self._recorded.set_attribute(key, value)


def server_span(name: str, traceparent: str | None) -> Span:
    """The span of a call being answered: a child of the caller's, or the first of a new trace."""
    return Span(name, SERVER, parse(traceparent))


def client_span(name: str) -> Span:
    """The span of a call being made, a child of the running one."""
    return Span(name, CLIENT, current_trace())


def consumer_span(name: str, traceparent: str | None) -> Span:
    """The span of an event being handled: in the producer's trace, and linked to the span that sent it."""
    return Span(name, CONSUMER, parse(traceparent), linked=True)


def internal_span(name: str) -> Span:
    """A piece of work worth seeing by itself, such as a run of a background task."""
    return Span(name, INTERNAL, current_trace())


def enable(service: str, exporter: SpanExporter, *, batch: bool = True) -> None:
    """Records spans and hands them to `exporter` (tests: an in-memory one, with `batch=False`)."""
    _State.otel = importlib.import_module("meshkit.otel")
    _State.recorder = _State.otel.Recorder(service, exporter, batch=batch)


def enable_otlp(service: str, endpoint: str) -> None:
    """Records spans and exports them to an OTLP/gRPC collector, e.g. `http://localhost:4317`."""
    _State.otel = importlib.import_module("meshkit.otel")
    _State.recorder = _State.otel.otlp_recorder(service, endpoint)


def shutdown(timeout_s: float = 2.0) -> None:
    """Flushes what is recorded, for at most `timeout_s`, and goes back to ids only."""
    recorder, _State.recorder = _State.recorder, None
    if recorder is not None:
        recorder.shutdown(timeout_s)
