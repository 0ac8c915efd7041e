package banyan.payment.platform;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A failed call as it goes over the wire: canonical status, and a reason for programs.
 *
 * @param reason UPPER_SNAKE
 * @param violations fields at fault and why
 * @param retryAfter null unless the caller should wait and try again
 */
public record RpcFailure(
        Status.Code code,
        String reason,
        String message,
        Map<String, String> metadata,
        List<Violation> violations,
        Duration retryAfter) {

    // All of a response's trailing metadata must fit in 8 KiB, base64 included.
    private static final int MAX_VIOLATIONS = 20;

    /** A field at fault: its path in proto names, and why. */
    public record Violation(String field, String description) {}

    /** A failure without further details. */
    public static RpcFailure of(Status.Code code, String reason, String message) {
        return new RpcFailure(code, reason, message, Map.of(), List.of(), null);
    }

    RpcFailure with(List<Violation> found) {
        return new RpcFailure(code, reason, message, metadata, found, retryAfter);
    }

    RpcFailure retryAfter(Duration wait) {
        return new RpcFailure(code, reason, message, metadata, violations, wait);
    }

    Raised raised() {
        return new Raised(this);
    }

    StatusRuntimeException toStatus(String domain) {
        var status = com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage(message);
        status.addDetails(
                Any.pack(
                        ErrorInfo.newBuilder()
                                .setReason(reason)
                                .setDomain(domain)
                                .putAllMetadata(metadata)
                                .build()));
        if (retryAfter != null) {
            var delay =
                    com.google.protobuf.Duration.newBuilder()
                            .setSeconds(retryAfter.getSeconds())
                            .setNanos(retryAfter.getNano());
            status.addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()));
        }
        if (!violations.isEmpty()) {
            BadRequest.Builder bad = BadRequest.newBuilder();
            violations.stream()
                    .limit(MAX_VIOLATIONS)
                    .forEach(
                            each ->
                                    bad.addFieldViolationsBuilder()
                                            .setField(each.field())
                                            .setDescription(each.description()));
            status.addDetails(Any.pack(bad.build()));
        }
        return StatusProto.toStatusRuntimeException(status.build());
    }

    /** Carries a failure of the platform's own to where it is answered. */
    static final class Raised extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient RpcFailure failure;

        private Raised(RpcFailure failure) {
            super(failure.message(), null, false, false);
            this.failure = failure;
        }

        RpcFailure failure() {
            return failure;
        }
    }
}
