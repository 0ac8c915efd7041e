package banyan.payment.support;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.app.PaymentStore;
import banyan.payment.app.PaymentStore.Query;
import banyan.payment.domain.Payment;
import banyan.payment.support.MoodyProvider.Mood;
import java.util.Optional;

/**
 * What a process does before and while it dies.
 *
 * <p>{@code points} are the moments it comes by, {@code paidBack} what is refunded of 1,000 when
 * the caller, if there is one, asks again.
 */
public enum Story {
    /** A charge. */
    CHARGE(6, 0, true) {
        @Override
        public void run(World world, String order) {
            world.charge(order, "tok_ok", 1_000);
        }
    },
    /** The refund of all that an order was charged. */
    REFUND_ORDER(6, 1_000, true) {
        @Override
        public void prepare(World world, String order) {
            world.charge(order, "tok_ok", 1_000);
        }

        @Override
        public void run(World world, String order) {
            world.refundOrder(order);
        }
    },
    /** The refund of a part. */
    REFUND_PART(6, 400, true) {
        @Override
        public void prepare(World world, String order) {
            world.charge(order, "tok_ok", 1_000);
        }

        @Override
        public void run(World world, String order) {
            world.refund(of(world.store, order).orElseThrow().id(), 400, "part of " + order);
        }
    },
    /** The worker's search for a charge whose answer was lost. */
    RESOLVE_CHARGE(2, 0, false) {
        @Override
        public void prepare(World world, String order) {
            world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
            world.charge(order, "tok_ok", 1_000);
            world.provider.requests = Mood.WELL;
        }

        @Override
        public void run(World world, String order) {
            world.resolve.next();
        }
    },
    /** The worker's repeated try at a refund that the provider did not answer. */
    RETRY_REFUND(6, 1_000, false) {
        @Override
        public void prepare(World world, String order) {
            world.charge(order, "tok_ok", 1_000);
            world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
            assertThatThrownBy(() -> world.refundOrder(order)).hasMessageContaining("under way");
            world.provider.requests = Mood.WELL;
        }

        @Override
        public void run(World world, String order) {
            world.retry.next();
        }
    };

    public final int points;
    public final long paidBack;

    /** Whether somebody waits for the answer, who may ask again. */
    public final boolean asked;

    Story(int points, long paidBack, boolean asked) {
        this.points = points;
        this.paidBack = paidBack;
        this.asked = asked;
    }

    public void prepare(World world, String order) {}

    public abstract void run(World world, String order);

    /** The payment of an order. */
    public static Optional<Payment> of(PaymentStore store, String order) {
        var query = new Query(Optional.empty(), Optional.of(order), Optional.empty(), 1);
        return store.list(query).stream().findFirst();
    }
}
