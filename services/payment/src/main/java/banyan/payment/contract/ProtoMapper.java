package banyan.payment.contract;

import banyan.payment.domain.Money;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Refund;
import banyan.payment.v1.PaymentCharged;
import banyan.payment.v1.PaymentFailed;
import banyan.payment.v1.PaymentRefunded;
import banyan.payment.v1.RefundState;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.time.Instant;

/** Domain → contract, and money back. Pure functions. */
public final class ProtoMapper {
    private ProtoMapper() {}

    /** A payment with its refunds, oldest first. */
    public static banyan.payment.v1.Payment payment(Payment payment) {
        var message =
                banyan.payment.v1.Payment.newBuilder()
                        .setPaymentId(payment.id())
                        .setOrderId(payment.orderId())
                        .setUserId(payment.userId())
                        .setState(state(payment.state()))
                        .setAmount(money(payment.amount()))
                        .setRefunded(money(payment.refunded()))
                        .setProviderChargeId(payment.state().providerId())
                        .setCreateTime(time(payment.createTime()))
                        .setUpdateTime(time(payment.updateTime()));
        if (payment.state() instanceof PaymentState.Declined declined) {
            message.setDeclineCode(declined.code());
        }
        payment.refunds().forEach(refund -> message.addRefunds(refund(refund)));
        return message.build();
    }

    public static banyan.payment.v1.Refund refund(Refund refund) {
        return banyan.payment.v1.Refund.newBuilder()
                .setRefundId(refund.id())
                .setState(state(refund.state()))
                .setAmount(money(refund.amount()))
                .setReason(refund.reason())
                .setCreateTime(time(refund.createTime()))
                .build();
    }

    public static banyan.common.v1.Money money(Money money) {
        return banyan.common.v1.Money.newBuilder()
                .setMinorUnits(money.minorUnits())
                .setCurrencyCode(money.currency())
                .build();
    }

    public static Message event(PaymentEvent event) {
        var payment = payment(event.payment());
        if (event instanceof PaymentEvent.Charged) {
            return PaymentCharged.newBuilder().setPayment(payment).build();
        }
        if (event instanceof PaymentEvent.Refunded refunded) {
            return PaymentRefunded.newBuilder()
                    .setPayment(payment)
                    .setRefund(refund(refunded.refund()))
                    .build();
        }
        return PaymentFailed.newBuilder().setPayment(payment).build();
    }

    /** The subject an event is published on. */
    public static String subject(PaymentEvent event) {
        if (event instanceof PaymentEvent.Charged) {
            return "payment.charged";
        }
        return event instanceof PaymentEvent.Refunded ? "payment.refunded" : "payment.failed";
    }

    private static banyan.payment.v1.PaymentState state(PaymentState state) {
        if (state instanceof PaymentState.Succeeded) {
            return banyan.payment.v1.PaymentState.PAYMENT_STATE_SUCCEEDED;
        }
        if (state instanceof PaymentState.Declined) {
            return banyan.payment.v1.PaymentState.PAYMENT_STATE_DECLINED;
        }
        return state.isPending()
                ? banyan.payment.v1.PaymentState.PAYMENT_STATE_PENDING
                : banyan.payment.v1.PaymentState.PAYMENT_STATE_FAILED;
    }

    private static RefundState state(Refund.State state) {
        return switch (state) {
            case PENDING -> RefundState.REFUND_STATE_PENDING;
            case SUCCEEDED -> RefundState.REFUND_STATE_SUCCEEDED;
            case FAILED -> RefundState.REFUND_STATE_FAILED;
        };
    }

    private static Timestamp time(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
