package banyan.payment.platform;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.Descriptors.Descriptor;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A gRPC server with health and reflection around one service, on a bounded number of threads. */
public final class GrpcServer {
    private final Server server;
    private final HealthStatusManager health = new HealthStatusManager();
    private final String serviceName;
    private final ExecutorService workers;

    /**
     * How much it takes on.
     *
     * @param maxConcurrent calls at once, waiting ones included; more are shed
     * @param threads calls that run at once
     * @param maxConnectionAge after which clients reconnect, and so find new replicas
     */
    public record Limits(
            int maxConcurrent, int threads, Duration maxConnectionAge, Duration grace) {}

    /**
     * @param domain of error reasons, e.g. `billing.banyan`
     * @param translate makes a failure of the service's own exceptions
     */
    public GrpcServer(
            InetSocketAddress listen,
            BindableService service,
            String domain,
            Limits limits,
            Tracing tracing,
            Metrics metrics,
            Function<RuntimeException, Optional<RpcFailure>> translate) {
        this.serviceName = service.bindService().getServiceDescriptor().getName();
        this.workers = threads(limits.threads());
        Admission admission = new Admission(limits.maxConcurrent(), workers, metrics);
        RequestValidation validation = new RequestValidation(requests(service));
        CallInterceptor interceptor =
                new CallInterceptor(domain, validation, admission, tracing, metrics, translate);
        this.server =
                NettyServerBuilder.forAddress(listen)
                        .executor(
                                MoreExecutors
                                        .directExecutor()) // only looks the method up; the rest
                        // runs where admission says
                        .callExecutor(admission)
                        .addStreamTracerFactory(admission)
                        .addService(ServerInterceptors.intercept(service, interceptor))
                        .addService(health.getHealthService())
                        .addService(ProtoReflectionServiceV1.newInstance())
                        .maxConnectionAge(
                                limits.maxConnectionAge().toMillis(), TimeUnit.MILLISECONDS)
                        .maxConnectionAgeGrace(limits.grace().toMillis(), TimeUnit.MILLISECONDS)
                        .permitKeepAliveTime(5, TimeUnit.SECONDS)
                        .permitKeepAliveWithoutCalls(true)
                        .build();
        setServing(false);
    }

    public void start() throws IOException {
        server.start();
    }

    /** host:port as bound. */
    public String address() {
        InetSocketAddress bound = (InetSocketAddress) server.getListenSockets().get(0);
        return bound.getAddress().getHostAddress() + ":" + bound.getPort();
    }

    /** What the health service says, for the whole server and for its service. */
    public void setServing(boolean serving) {
        ServingStatus status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        health.setStatus(serviceName, status);
    }

    /** Takes no more connections, lets running calls end within {@code grace}, then cuts them. */
    public void stop(Duration grace) throws InterruptedException {
        server.shutdown();
        if (!server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
            server.shutdownNow();
            server.awaitTermination(1, TimeUnit.SECONDS);
        }
        workers.shutdownNow();
    }

    /** What the service's methods take. */
    private static List<Descriptor> requests(BindableService service) {
        return service.bindService().getServiceDescriptor().getMethods().stream()
                .map(MethodDescriptor::getSchemaDescriptor)
                .map(
                        schema ->
                                ((ProtoMethodDescriptorSupplier) schema)
                                        .getMethodDescriptor()
                                        .getInputType())
                .toList();
    }

    /**
     * Threads are made on demand and go when idle; the queue is bounded by admission, which counts
     * what waits in it.
     */
    private static ExecutorService threads(int count) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(
                        count,
                        count,
                        30,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        task -> {
                            Thread thread = new Thread(task, "call-" + number.incrementAndGet());
                            thread.setDaemon(true);
                            return thread;
                        });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
