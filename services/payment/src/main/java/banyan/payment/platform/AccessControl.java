package banyan.payment.platform;

import banyan.options.v1.Access;
import banyan.options.v1.Options;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Who may call an RPC: its option `(banyan.options.v1.access)`, read once per method. */
final class AccessControl {
    private final Map<String, Access> known = new ConcurrentHashMap<>();

    /**
     * Refuses with UNAUTHENTICATED or PERMISSION_DENIED. INTERNAL passes: only the mesh can reach
     * this port.
     */
    void check(MethodDescriptor<?, ?> method, Identity identity) {
        Access access = known.computeIfAbsent(method.getFullMethodName(), name -> accessOf(method));
        if (access == Access.ACCESS_PUBLIC || access == Access.ACCESS_INTERNAL) {
            return;
        }
        if (identity.userId().isEmpty()) {
            throw RpcFailure.of(
                            Status.Code.UNAUTHENTICATED,
                            "UNAUTHENTICATED",
                            "this call needs a signed-in user")
                    .raised();
        }
        if (access == Access.ACCESS_STAFF && !identity.isStaff()) {
            throw RpcFailure.of(
                            Status.Code.PERMISSION_DENIED,
                            "STAFF_ONLY",
                            "this call needs the staff role")
                    .raised();
        }
    }

    /** The method's access; unset means INTERNAL, so that forgetting it never opens an RPC. */
    private static Access accessOf(MethodDescriptor<?, ?> method) {
        if (method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema) {
            Access access = schema.getMethodDescriptor().getOptions().getExtension(Options.access);
            return access == Access.ACCESS_UNSPECIFIED ? Access.ACCESS_INTERNAL : access;
        }
        return Access.ACCESS_INTERNAL;
    }
}
