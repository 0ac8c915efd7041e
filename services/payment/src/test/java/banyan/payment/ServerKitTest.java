package banyan.payment;

import static banyan.payment.rpc.Client.charge;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import banyan.payment.rpc.Client;
import banyan.payment.support.Eventually;
import banyan.payment.support.World;
import banyan.payment.v1.ChargeResponse;
import banyan.payment.v1.PaymentServiceGrpc;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.gson.JsonParser;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the platform does around the RPCs: shed, tell, drain. */
class ServerKitTest {
    private static ListenableFuture<ChargeResponse> chargeAsync(RunningApp running) {
        return PaymentServiceGrpc.newFutureStub(running.client.channel())
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .charge(charge(World.newOrder(), World.USER, "tok_ok"));
    }

    private static void hold(RunningApp running, CountDownLatch until) {
        running.provider.duringCharge =
                () -> {
                    try {
                        until.await(20, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                };
    }

    private static ServingStatus health(RunningApp running, String service) {
        return HealthGrpc.newBlockingStub(running.client.channel())
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .check(HealthCheckRequest.newBuilder().setService(service).build())
                .getStatus();
    }

    @Test
    void calls_beyond_the_limit_are_shed_at_once_with_a_time_to_wait() throws Exception {
        try (RunningApp running =
                new RunningApp(
                        Map.of(
                                "PAYMENT_MAX_CONCURRENT_RPCS",
                                "3",
                                "PAYMENT_WORKER_THREADS",
                                "2"))) {
            CountDownLatch release = new CountDownLatch(1);
            hold(running, release);
            List<ListenableFuture<ChargeResponse>> taken = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                taken.add(chargeAsync(running));
            }
            Eventually.holds(
                    () -> running.get("/metrics").body().contains("rpc_server_in_flight 3.0"));
            ExecutionException error =
                    catchThrowableOfType(
                            ExecutionException.class,
                            () -> chargeAsync(running).get(5, TimeUnit.SECONDS));
            StatusRuntimeException status = (StatusRuntimeException) error.getCause();
            assertThat(status.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(Client.reason(status)).isEqualTo("OVERLOADED");
            assertThat(Client.detail(status, RetryInfo.class).getRetryDelay().getNanos())
                    .isEqualTo(200_000_000);
            release.countDown();
            for (ListenableFuture<ChargeResponse> each : taken) {
                assertThat(each.get(10, TimeUnit.SECONDS).getPayment().getPaymentId()).isNotEmpty();
            }
            Eventually.holds(
                    () -> running.get("/metrics").body().contains("rpc_server_in_flight 0.0"));
            assertThat(running.get("/metrics").body()).contains("rpc_server_shed_total 1.0");
        }
    }

    @Test
    void a_call_whose_time_ran_out_while_it_waited_is_not_begun() throws Exception {
        try (RunningApp running = new RunningApp(Map.of("PAYMENT_WORKER_THREADS", "1"))) {
            CountDownLatch release = new CountDownLatch(1);
            hold(running, release);
            ListenableFuture<ChargeResponse> first = chargeAsync(running);
            Eventually.holds(() -> running.provider.chargeRequests.get() == 1);
            StatusRuntimeException error =
                    catchThrowableOfType(
                            StatusRuntimeException.class,
                            () ->
                                    PaymentServiceGrpc.newBlockingStub(running.client.channel())
                                            .withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                                            .charge(
                                                    charge(
                                                            World.newOrder(),
                                                            World.USER,
                                                            "tok_ok")));
            assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            release.countDown();
            assertThat(first.get(10, TimeUnit.SECONDS).hasPayment()).isTrue();
            Eventually.holds(
                    () -> running.get("/metrics").body().contains("rpc_server_in_flight 0.0"));
            assertThat(running.provider.chargeRequests).hasValue(1);
        }
    }

    @Test
    void readiness_follows_the_database_and_liveness_does_not() {
        try (RunningApp running = new RunningApp(Map.of())) {
            String service = PaymentServiceGrpc.SERVICE_NAME;
            Eventually.holds(() -> health(running, service) == ServingStatus.SERVING);
            Eventually.holds(() -> running.get("/readyz").statusCode() == 200);
            running.databaseAnswers = false;
            Eventually.holds(() -> running.get("/readyz").statusCode() == 503);
            assertThat(running.get("/readyz").body()).contains("database");
            assertThat(health(running, service)).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(health(running, "")).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(running.get("/livez").statusCode()).isEqualTo(200);
            assertThat(running.get("/nothing").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void draining_turns_readiness_off_and_lets_running_calls_end() throws Exception {
        RunningApp running = new RunningApp(Map.of());
        CountDownLatch release = new CountDownLatch(1);
        hold(running, release);
        Eventually.holds(() -> running.get("/readyz").statusCode() == 200);
        ListenableFuture<ChargeResponse> call = chargeAsync(running);
        Eventually.holds(() -> running.provider.chargeRequests.get() == 1);
        Thread drain =
                new Thread(
                        () -> {
                            try {
                                running.app.stopping().run();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        drain.start();
        Eventually.holds(() -> running.get("/readyz").body().contains("drain"));
        release.countDown();
        assertThat(call.get(10, TimeUnit.SECONDS).getPayment().getProviderChargeId()).isNotEmpty();
        drain.join(20_000);
        assertThat(drain.isAlive()).isFalse();
        running.close();
    }

    @Test
    void metrics_carry_the_names_of_the_mesh() {
        try (RunningApp running = new RunningApp(Map.of())) {
            running.client.stub().charge(charge(World.newOrder(), World.USER, "tok_ok"));
            PaymentServiceGrpc.newBlockingStub(running.client.channel())
                    .charge(charge(World.newOrder(), World.USER, "tok_ok"));
            Eventually.holds(
                    () -> running.get("/metrics").body().contains("payment_pending_total 0.0"));
            assertThat(running.get("/metrics").body())
                    .contains("rpc_server_no_deadline_total 1.0")
                    .contains(
                            "rpc_server_call_duration_seconds_count{grpc_status=\"OK\",rpc_method=\"Charge\",rpc_service=\"banyan.payment.v1.PaymentService\"} 2")
                    .contains(
                            "rpc_client_call_duration_seconds_count{grpc_status=\"OK\",rpc_method=\"charge\",upstream=\"payment-provider\"} 2")
                    .contains("rpc_client_circuit_state{upstream=\"payment-provider\"} 0.0")
                    .contains("outbox_backlog")
                    .contains("outbox_oldest_age_seconds")
                    .contains("outbox_published_total")
                    .contains("process_cpu_seconds_total");
        }
    }

    @Test
    void a_defect_tells_the_caller_nothing() {
        try (RunningApp running = new RunningApp(Map.of())) {
            running.provider.duringCharge =
                    () -> {
                        throw new IllegalStateException("secret detail");
                    };
            StatusRuntimeException error =
                    catchThrowableOfType(
                            StatusRuntimeException.class,
                            () ->
                                    running.client
                                            .stub()
                                            .charge(
                                                    charge(
                                                            World.newOrder(),
                                                            World.USER,
                                                            "tok_ok")));
            assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
            assertThat(error.getStatus().getDescription()).isEqualTo("internal error");
            assertThat(Client.reason(error)).isEqualTo("INTERNAL");
        }
    }

    @Test
    void reports_are_json() {
        try (RunningApp running = new RunningApp(Map.of())) {
            Eventually.holds(() -> running.get("/readyz").statusCode() == 200);
            assertThat(
                            JsonParser.parseString(running.get("/readyz").body())
                                    .getAsJsonObject()
                                    .get("ok")
                                    .getAsBoolean())
                    .isTrue();
        }
    }
}
