package banyan.payment.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP server that reads a request, writes the same bytes each time, and hangs up later. */
public final class Scripted implements AutoCloseable {
    private final ServerSocket socket;
    private final AtomicInteger requests = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * @param answer is written to whoever sends something
     * @param hold the most time before it hangs up; closing ends it
     */
    public Scripted(String answer, Duration hold) throws IOException {
        socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> serve(answer, hold), "scripted");
        thread.setDaemon(true);
        thread.start();
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + socket.getLocalPort());
    }

    /** How many connections brought one. */
    public int requests() {
        return requests.get();
    }

    private void serve(String answer, Duration hold) {
        while (closed.getCount() > 0) {
            try (Socket client = socket.accept()) {
                InputStream in = client.getInputStream();
                if (in.read(new byte[8192]) > 0) {
                    requests.incrementAndGet();
                }
                client.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                client.getOutputStream().flush();
                closed.await(hold.toMillis(), TimeUnit.MILLISECONDS);
            } catch (IOException e) {
                if (closed.getCount() > 0) {
                    throw new UncheckedIOException(e);
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        socket.close();
    }
}
