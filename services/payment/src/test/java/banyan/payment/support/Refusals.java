package banyan.payment.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.domain.PaymentException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Asserts on why a use case refused. */
public final class Refusals {
    private Refusals() {}

    public static void assertRefused(String reason, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        PaymentException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }
}
