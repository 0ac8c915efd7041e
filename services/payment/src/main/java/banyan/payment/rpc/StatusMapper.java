package banyan.payment.rpc;

import banyan.payment.domain.PaymentException;
import banyan.payment.platform.RpcFailure;
import io.grpc.Status;
import java.util.List;
import java.util.Optional;

/** Domain errors → gRPC status and reason. */
public final class StatusMapper {
    private StatusMapper() {}

    /** Empty for anything that is not a refusal of the domain's. */
    public static Optional<RpcFailure> failure(RuntimeException error) {
        if (!(error instanceof PaymentException refusal)) {
            return Optional.empty();
        }
        List<RpcFailure.Violation> violations =
                refusal.field().isEmpty()
                        ? List.of()
                        : List.of(new RpcFailure.Violation(refusal.field(), refusal.getMessage()));
        return Optional.of(
                new RpcFailure(
                        Status.Code.valueOf(refusal.kind().name()),
                        refusal.reason(),
                        refusal.getMessage(),
                        refusal.metadata(),
                        violations,
                        null));
    }
}
