package platform

import (
	"context"
	"fmt"
	"sync/atomic"

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
	sampler    *newTraces
}

// newTraces decides about traces that begin here; whoever was called does as the caller did.
type newTraces struct {
	atomic.Pointer[sdktrace.Sampler]
}

// ShouldSample implements sdktrace.Sampler.
func (n *newTraces) ShouldSample(parameters sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return (*n.Load()).ShouldSample(parameters)
}

// Description implements sdktrace.Sampler.
func (n *newTraces) Description() string { return "live:" + (*n.Load()).Description() }

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
	sampler := &newTraces{}
	// The options come after this one, so that "never" wins where there is no exporter.
	options = append([]sdktrace.TracerProviderOption{sdktrace.WithSampler(sdktrace.ParentBased(sampler))}, options...)
	options = append(options, sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	if exporter != nil {
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	tracing := &Tracing{propagator: propagation.TraceContext{}, exports: exporter != nil, sampler: sampler}
	tracing.sampleNewTraces(100)
	tracing.provider = sdktrace.NewTracerProvider(options...)
	return tracing
}

// sampleNewTraces has so many percent of the traces that begin here recorded, 0 to 100.
func (t *Tracing) sampleNewTraces(percent float64) {
	ratio := sdktrace.TraceIDRatioBased(percent / 100)
	t.sampler.Store(&ratio)
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
