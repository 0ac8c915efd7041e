package banyan.payment.platform;

import io.grpc.Context;
import io.grpc.Metadata;
import java.util.Set;

/**
 * Whom a call is made for, as the edge found out and the mesh passes on.
 *
 * @param userId empty for a guest, and for the mesh's own calls
 * @param guestId what a guest is known by, empty for others
 */
public record Identity(String userId, String guestId, Set<String> roles) {
    /** The running call's. */
    public static final Context.Key<Identity> KEY = Context.key("identity");

    private static final Metadata.Key<String> USER =
            Metadata.Key.of("banyan-user", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> GUEST =
            Metadata.Key.of("banyan-guest", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> ROLES =
            Metadata.Key.of("banyan-roles", Metadata.ASCII_STRING_MARSHALLER);

    static Identity of(Metadata headers) {
        String roles = text(headers.get(ROLES));
        return new Identity(
                text(headers.get(USER)),
                text(headers.get(GUEST)),
                roles.isEmpty()
                        ? Set.of()
                        : Set.of(roles.split(",")).stream()
                                .map(String::strip)
                                .collect(java.util.stream.Collectors.toSet()));
    }

    public boolean isStaff() {
        return roles.contains("staff");
    }

    /** The name under which this caller's request ids are kept. */
    public String caller() {
        if (!userId.isEmpty()) {
            return userId;
        }
        return guestId.isEmpty() ? "internal" : "guest:" + guestId;
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }
}
