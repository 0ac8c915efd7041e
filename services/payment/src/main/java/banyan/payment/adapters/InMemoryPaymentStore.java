package banyan.payment.adapters;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The port without a database: one transaction at a time, undone by putting the old maps back. */
public final class InMemoryPaymentStore implements PaymentStore {
    private Books books =
            new Books(new HashMap<>(), new HashMap<>(), new HashMap<>(), new ArrayList<>());

    private record Kept(byte[] hash, byte[] answer, Optional<Instant> runningUntil) {}

    private record Books(
            Map<String, Payment> payments,
            Map<String, String> closed,
            Map<String, Kept> answers,
            List<PaymentEvent> events) {
        Books copy() {
            return new Books(
                    new HashMap<>(payments),
                    new HashMap<>(closed),
                    new HashMap<>(answers),
                    new ArrayList<>(events));
        }
    }

    @Override
    public synchronized <T> T inTransaction(Function<Transaction, T> work) {
        Books changed = books.copy();
        T result = work.apply(new InMemoryTransaction(changed));
        books = changed;
        return result;
    }

    @Override
    public synchronized boolean insertFirst(Payment payment) {
        return inTransaction(
                tx -> {
                    boolean first =
                            tx.lockOrder(payment.orderId()).isEmpty()
                                    && tx.lockByOrder(payment.orderId()).isEmpty();
                    if (first) {
                        tx.insert(payment);
                    }
                    return first;
                });
    }

    @Override
    public synchronized boolean settle(
            Payment changed, Lease lease, PaymentEvent event, Instant now) {
        return inTransaction(
                tx -> {
                    boolean ours =
                            tx.lockOrder(changed.orderId()).isEmpty()
                                    && tx.lock(changed.id())
                                            .filter(each -> each.state().isPending())
                                            .filter(each -> each.pursuit().isHeldBy(lease.owner()))
                                            .isPresent();
                    if (ours) {
                        tx.update(changed);
                        tx.publish(event, now);
                    }
                    return ours;
                });
    }

    @Override
    public synchronized Optional<Payment> find(String paymentId) {
        return Optional.ofNullable(books.payments().get(paymentId));
    }

    @Override
    public synchronized List<Payment> list(Query query) {
        return books.payments().values().stream()
                .filter(each -> query.userId().map(each.userId()::equals).orElse(true))
                .filter(each -> query.orderId().map(each.orderId()::equals).orElse(true))
                .filter(
                        each ->
                                query.beforeId()
                                        .map(id -> each.id().compareTo(id) < 0)
                                        .orElse(true))
                .sorted(Comparator.comparing(Payment::id).reversed())
                .limit(query.limit())
                .toList();
    }

    @Override
    public synchronized long countPending() {
        Stream<Payment> charges =
                books.payments().values().stream().filter(each -> each.state().isPending());
        Stream<Refund> refunds =
                books.payments().values().stream()
                        .flatMap(each -> each.refunds().stream())
                        .filter(Refund::isPending);
        return charges.count() + refunds.count();
    }

    /** What was told so far, oldest first. */
    public synchronized List<PaymentEvent> events() {
        return List.copyOf(books.events());
    }

    private record InMemoryTransaction(Books books) implements Transaction {
        @Override
        public Optional<String> lockOrder(String orderId) {
            return Optional.ofNullable(books.closed().get(orderId));
        }

        @Override
        public void closeOrder(String orderId, String reason, Instant now) {
            books.closed().putIfAbsent(orderId, reason);
        }

        @Override
        public Optional<Payment> lockByOrder(String orderId) {
            return any(each -> each.orderId().equals(orderId));
        }

        @Override
        public Optional<Payment> lock(String paymentId) {
            return Optional.ofNullable(books.payments().get(paymentId));
        }

        @Override
        public Optional<Payment> lockDueCharge(Instant now) {
            return any(each -> each.pursuit().isDue(now));
        }

        @Override
        public Optional<Payment> lockDueRefund(Instant now) {
            return any(
                    each ->
                            each.refunds().stream()
                                    .map(Refund::pursuit)
                                    .anyMatch(refund -> refund.isDue(now)));
        }

        @Override
        public void insert(Payment payment) {
            if (any(each -> each.orderId().equals(payment.orderId())).isPresent()) {
                throw new IllegalStateException(
                        "order " + payment.orderId() + " has a payment already");
            }
            books.payments().put(payment.id(), payment);
        }

        @Override
        public void update(Payment payment) {
            books.payments().put(payment.id(), payment);
        }

        @Override
        public void publish(PaymentEvent event, Instant now) {
            books.events().add(event);
        }

        @Override
        public Optional<byte[]> firstAnswer(Request request, Instant now) {
            Kept kept = books.answers().get(key(request));
            if (kept != null && !Arrays.equals(kept.hash(), request.hash())) {
                throw PaymentException.keyReused(request.id());
            }
            if (kept != null && kept.runningUntil().filter(now::isBefore).isPresent()) {
                throw PaymentException.requestInProgress(request.id());
            }
            return Optional.ofNullable(kept).map(Kept::answer);
        }

        @Override
        public void keepAnswerMeanwhile(Request request, byte[] answer, Instant runningUntil) {
            Kept kept = new Kept(request.hash(), answer, Optional.of(runningUntil));
            books.answers().put(key(request), kept);
        }

        @Override
        public void keepAnswer(Request request, byte[] answer) {
            books.answers().put(key(request), new Kept(request.hash(), answer, Optional.empty()));
        }

        private Optional<Payment> any(Predicate<Payment> which) {
            return books.payments().values().stream()
                    .filter(which)
                    .min(InMemoryTransaction::byWait);
        }

        private static int byWait(Payment one, Payment other) {
            return waiting(one).compareTo(waiting(other));
        }

        private static Instant waiting(Payment payment) {
            Stream<Pursuit> all =
                    Stream.concat(
                            Stream.of(payment.pursuit()),
                            payment.refunds().stream().map(Refund::pursuit));
            return all.map(Pursuit::nextAt)
                    .filter(next -> next != null)
                    .min(Comparator.naturalOrder())
                    .orElse(Instant.MAX);
        }

        private static String key(Request request) {
            return String.join("\n", request.caller(), request.method(), request.id());
        }
    }
}
