package banyan.payment.app;

import banyan.payment.app.PaymentStore.Query;
import banyan.payment.domain.Payment;
import java.util.List;
import java.util.Optional;

/** The viewer's payments, newest first; staff see those of an order whoever's it is. */
public final class ListPayments {
    private static final int DEFAULT_SIZE = 20;
    private static final int MAX_SIZE = 100;

    private final PaymentStore store;

    public ListPayments(PaymentStore store) {
        this.store = store;
    }

    /**
     * A page.
     *
     * @param nextToken empty on the last page
     */
    public record Page(List<Payment> payments, String nextToken) {}

    /**
     * At most {@code size} payments (0 means 20, more than 100 means 100).
     *
     * @throws banyan.payment.domain.PaymentException PAGE_TOKEN_INVALID
     */
    public Page list(Viewer viewer, Optional<String> orderId, int size, String token) {
        int limit = size <= 0 ? DEFAULT_SIZE : Math.min(size, MAX_SIZE);
        boolean anyones = viewer.isStaff() && orderId.isPresent();
        Optional<String> user = anyones ? Optional.empty() : Optional.of(viewer.userId());
        PageToken tokens = new PageToken(user.orElse("") + "/" + orderId.orElse(""));
        List<Payment> found = store.list(new Query(user, orderId, tokens.decode(token), limit + 1));
        if (found.size() <= limit) {
            return new Page(found, "");
        }
        List<Payment> page = found.subList(0, limit);
        return new Page(page, tokens.encode(page.get(limit - 1).id()));
    }
}
