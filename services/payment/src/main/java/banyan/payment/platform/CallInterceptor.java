package banyan.payment.platform;

import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens around every call, in this order: trace → shed → identify and allow → note the
 * deadline → validate → answer. Whatever is thrown further in becomes a status here, and nowhere
 * else.
 */
final class CallInterceptor implements ServerInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(CallInterceptor.class);
    private static final Metadata.Key<String> TRACEPARENT =
            Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

    private final String domain;
    private final Admission admission;
    private final Tracing tracing;
    private final Metrics metrics;
    private final Function<RuntimeException, Optional<RpcFailure>> translate;
    private final AccessControl access = new AccessControl();
    private final RequestValidation validation;

    /**
     * @param translate makes a failure of a service's own exception; empty means a defect
     */
    CallInterceptor(
            String domain,
            RequestValidation validation,
            Admission admission,
            Tracing tracing,
            Metrics metrics,
            Function<RuntimeException, Optional<RpcFailure>> translate) {
        this.domain = domain;
        this.validation = validation;
        this.admission = admission;
        this.tracing = tracing;
        this.metrics = metrics;
        this.translate = translate;
    }

    @Override
    public <Q, A> Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getFullMethodName();
        Tracing.Span span =
                tracing.start(
                        method, Tracing.Kind.SERVER, TraceContext.parse(headers.get(TRACEPARENT)));
        Identity identity = Identity.of(headers);
        Context context =
                Context.current()
                        .withValues(
                                TraceContext.KEY,
                                span.context(),
                                Identity.KEY,
                                identity,
                                Answer.HEADERS,
                                new Metadata());
        Answer<Q, A> answer = new Answer<>(call, span, context);
        if (context.getDeadline() == null) {
            metrics.serverNoDeadline.inc();
        }
        try {
            admission.check(headers);
            access.check(call.getMethodDescriptor(), identity);
            return new Guarded<>(
                    context.call(() -> next.startCall(answer, headers)), answer, context);
        } catch (RuntimeException e) {
            context.run(() -> fail(answer, method, e));
        } catch (Exception e) {
            context.run(() -> fail(answer, method, new IllegalStateException(e)));
        }
        return new Listener<>() {};
    }

    private void fail(Answer<?, ?> answer, String method, RuntimeException error) {
        StatusRuntimeException status = statusOf(error, method);
        Metadata trailers = status.getTrailers();
        answer.closeOnce(status.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    private StatusRuntimeException statusOf(RuntimeException error, String method) {
        if (error instanceof StatusRuntimeException status) {
            return status; // gRPC's own: the caller has gone
        }
        Optional<RpcFailure> expected =
                error instanceof RpcFailure.Raised raised
                        ? Optional.of(raised.failure())
                        : translate.apply(error);
        if (expected.isPresent()) {
            RpcFailure failure = expected.get();
            boolean ours = failure.code() == Status.Code.UNAVAILABLE && error.getCause() != null;
            LOG.atLevel(ours ? org.slf4j.event.Level.WARN : org.slf4j.event.Level.DEBUG)
                    .addKeyValue("rpc", method)
                    .addKeyValue("status", failure.code())
                    .addKeyValue("reason", failure.reason())
                    .setCause(ours ? error.getCause() : null)
                    .log("call refused");
            return failure.toStatus(domain);
        }
        LOG.atError().addKeyValue("rpc", method).setCause(error).log("call failed");
        return RpcFailure.of(Status.Code.INTERNAL, "INTERNAL", "internal error").toStatus(domain);
    }

    /** The handler's side of the call: in its context, and with nothing thrown past it. */
    private final class Guarded<Q, A> extends SimpleForwardingServerCallListener<Q> {
        private final Answer<Q, A> answer;
        private final Context context;

        Guarded(Listener<Q> handler, Answer<Q, A> answer, Context context) {
            super(handler);
            this.answer = answer;
            this.context = context;
        }

        @Override
        public void onMessage(Q message) {
            guarded(
                    () -> {
                        if (message instanceof Message request) {
                            validation.check(request);
                        }
                        super.onMessage(message);
                    });
        }

        @Override
        public void onHalfClose() {
            guarded(
                    () -> {
                        requireTime();
                        super.onHalfClose();
                    });
        }

        /** Begins nothing that is over already: the call may have waited long for a worker. */
        private void requireTime() {
            if (context.getDeadline() != null && context.getDeadline().isExpired()) {
                throw RpcFailure.of(
                                Status.Code.DEADLINE_EXCEEDED,
                                "DEADLINE_EXCEEDED",
                                "the deadline had passed before the call was begun")
                        .raised();
            }
        }

        @Override
        public void onCancel() {
            context.run(() -> answer.end(Status.CANCELLED));
            guarded(super::onCancel);
        }

        private void guarded(Runnable step) {
            if (answer.isClosed()) {
                return;
            }
            context.run(
                    () -> {
                        try {
                            step.run();
                        } catch (RuntimeException e) {
                            fail(answer, answer.getMethodDescriptor().getFullMethodName(), e);
                        }
                    });
        }
    }
}
