package platform

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing makes spans. Every call and event has trace ids, for the logs; spans are kept only where an exporter is set.
type Tracing struct {
	provider   *sdktrace.TracerProvider
	propagator propagation.TextMapPropagator
	exports    bool
}

// NewTracing sets up tracing; endpoint is that of an OTLP/gRPC collector, empty for none. It does not wait for it.
func NewTracing(ctx context.Context, service, endpoint string) (*Tracing, error) {
	if endpoint == "" {
		return newTracing(service, nil, sdktrace.WithSampler(sdktrace.NeverSample())), nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint))
	if err != nil {
		return nil, fmt.Errorf("trace exporter: %w", err)
	}
	return newTracing(service, exporter), nil
}

func newTracing(service string, exporter sdktrace.SpanExporter, options ...sdktrace.TracerProviderOption) *Tracing {
	options = append(options, sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	if exporter != nil {
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	return &Tracing{
		provider:   sdktrace.NewTracerProvider(options...),
		propagator: propagation.TraceContext{},
		exports:    exporter != nil,
	}
}

// Provider gives tracers, for the instrumentation of libraries.
func (t *Tracing) Provider() trace.TracerProvider { return t.provider }

// Exports tells whether spans go anywhere.
func (t *Tracing) Exports() bool { return t.exports }

// consume starts the span of an event, a child of the span in which it was produced.
func (t *Tracing) consume(ctx context.Context, name string, header nats.Header) (context.Context, trace.Span) {
	carrier := propagation.MapCarrier{traceParent: header.Get(traceParent)}
	ctx = t.propagator.Extract(ctx, carrier)
	return t.provider.Tracer("platform").Start(ctx, name, trace.WithSpanKind(trace.SpanKindConsumer)) //nolint:spancheck // the caller ends it
}

// shutdown sends what is waiting.
func (t *Tracing) shutdown(ctx context.Context) error { return t.provider.Shutdown(ctx) }
