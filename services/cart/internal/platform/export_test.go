package platform

import sdktrace "go.opentelemetry.io/otel/sdk/trace"

// NewTracingTo makes tracing that gives its spans to an exporter of a test.
func NewTracingTo(exporter sdktrace.SpanExporter) *Tracing { return newTracing("demo", exporter) }
