package banyan.payment.app;

/** Who looks. */
public record Viewer(String userId, boolean isStaff) {}
