"""OpenTelemetry under `meshkit.tracing`. Imported only when spans are exported: the SDK costs 15 MB."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult

from meshkit.tracecontext import TraceContext, sampled


class _NewTraces(Sampler):
    """Records the share of new traces that is asked for at the moment."""

    def should_sample(self, *_args: Any, **_kwargs: Any) -> SamplingResult:
        """Anew for each trace, so that a change is felt at once."""
        return SamplingResult(Decision.RECORD_AND_SAMPLE if sampled() else Decision.DROP)

    def get_description(self) -> str:
        """What the SDK calls it."""
        return "NewTraces"


class Recorder:
    """Makes spans and exports them, in batches on a thread of the SDK."""

    def __init__(self, service: str, exporter: SpanExporter, *, batch: bool = True) -> None:
        resource = Resource.create({"service.name": service})
        self._provider = TracerProvider(
            sampler=ParentBased(_NewTraces()), resource=resource, shutdown_on_exit=False
        )
        processor = BatchSpanProcessor(exporter) if batch else SimpleSpanProcessor(exporter)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("meshkit")

    def start(self, name: str, kind: str, parent: TraceContext | None, *, linked: bool) -> trace.Span:
        """A started span; `linked` adds a link to the parent, for work that a message set off."""
        context, links = Context(), []
        if parent is not None:
            flags = trace.TraceFlags(int(parent.sampled))
            remote = trace.SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, flags)
            context = trace.set_span_in_context(trace.NonRecordingSpan(remote), context)
            links = [trace.Link(remote)] if linked else []
        return self._tracer.start_span(
            name.lstrip("/"), context=context, kind=trace.SpanKind[kind], links=links
        )

    def shutdown(self, timeout_s: float) -> None:
        """Sends what is waiting, for at most `timeout_s`, and stops."""
        self._provider.force_flush(int(timeout_s * 1000))
        self._provider.shutdown()


def otlp_recorder(service: str, endpoint: str) -> Recorder:
    """A recorder that sends to an OTLP/gRPC collector, e.g. `http://localhost:4317`."""
    insecure = not endpoint.startswith("https://")
    return Recorder(service, OTLPSpanExporter(endpoint=endpoint, insecure=insecure, timeout=5))


def identity_of(span: trace.Span) -> TraceContext:
    """The span's ids in W3C form."""
    ids = span.get_span_context()
    return TraceContext(f"{ids.trace_id:032x}", f"{ids.span_id:016x}", bool(ids.trace_flags & 1))


def mark_error(span: trace.Span, description: str) -> None:
    """Sets the span's status to error."""
    span.set_status(trace.StatusCode.ERROR, description)
