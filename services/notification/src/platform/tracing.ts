/** Spans: ids always, for logs and events; exported only when an OTLP endpoint is set, and only then is the SDK loaded. */
import type { Context, Tracer as OtelTracer, Span, SpanKind } from "@opentelemetry/api";
import { childOf, currentTrace, parseTraceparent, type TraceContext, withTrace } from "./trace-context.ts";

type Kind = "server" | "client" | "consumer" | "producer" | "internal";

export interface Tracer {
  /** Runs `work` in a span under `traceparent`, or under the current span. A rejection marks the span as failed. */
  span<T>(name: string, kind: Kind, traceparent: string | undefined, work: () => Promise<T>): Promise<T>;
  /** Sends what is left; bounded by the exporter's own time-out. */
  stop(): Promise<void>;
}

/** Ids only. */
export function plainTracer(): Tracer {
  return {
    span: (_name, _kind, traceparent, work) =>
      withTrace(childOf(parseTraceparent(traceparent) ?? currentTrace()), work),
    stop: () => Promise.resolve(),
  };
}

/** The tracer for `otlpEndpoint`, or the plain one when it is undefined. */
export async function createTracer(service: string, otlpEndpoint: string | undefined): Promise<Tracer> {
  if (!otlpEndpoint) return plainTracer();
  const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-grpc"),
  ]);
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  return new ExportingTracer(api, provider.getTracer("banyan"), () => provider.shutdown());
}

class ExportingTracer implements Tracer {
  readonly #api: typeof import("@opentelemetry/api");
  readonly #tracer: OtelTracer;
  readonly stop: () => Promise<void>;

  constructor(api: typeof import("@opentelemetry/api"), tracer: OtelTracer, stop: () => Promise<void>) {
    this.#api = api;
    this.#tracer = tracer;
    this.stop = stop;
  }

  async span<T>(name: string, kind: Kind, traceparent: string | undefined, work: () => Promise<T>): Promise<T> {
    const parent = parseTraceparent(traceparent) ?? currentTrace();
    const fresh = childOf(parent);
    // Whether a trace that begins here is recorded is not the SDK's to say: live settings do.
    if (!(parent || fresh.sampled)) return withTrace(fresh, work);
    const span = this.#tracer.startSpan(name, { kind: this.#kind(kind) }, this.#parent(parent));
    try {
      return await withTrace(contextOf(span), work);
    } catch (error) {
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }

  #kind(kind: Kind): SpanKind {
    const { SpanKind } = this.#api;
    return SpanKind[kind.toUpperCase() as Uppercase<Kind>];
  }

  #parent(trace: TraceContext | undefined): Context {
    const { ROOT_CONTEXT, trace: traces } = this.#api;
    if (!trace) return ROOT_CONTEXT;
    const traceFlags = trace.sampled ? 1 : 0;
    return traces.setSpanContext(ROOT_CONTEXT, { ...trace, traceFlags, isRemote: true });
  }
}

function contextOf(span: Span): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceId, spanId, sampled: (traceFlags & 1) === 1 };
}
