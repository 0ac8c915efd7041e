package banyan.payment.platform;

import io.grpc.Context;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Executor;
import org.postgresql.PGConnection;
import org.slf4j.LoggerFactory;

/**
 * A connection whose statement ends with the call that it works for: when the caller gives up, or
 * its time is over, PostgreSQL is told to cancel, again and again until the connection is given
 * back. What begins after that is the process's own, such as the record of what a provider did, and
 * is left to run.
 */
final class CallBound implements InvocationHandler {
    private static final long AGAIN_MS = 50;

    private final Connection connection;
    private final Context call;
    private final Context.CancellationListener listener = cancelled -> cancel();
    private boolean givenBack;
    private boolean cancelled;

    private CallBound(Connection connection, Context call) {
        this.connection = connection;
        this.call = call;
    }

    /**
     * The connection, bound to the current call if there is one that has not ended.
     *
     * @param executor makes the cancellations, which wait for the server
     */
    static Connection of(Connection connection, Executor executor) {
        Context call = Context.current();
        if (call == Context.ROOT || call.isCancelled()) {
            return connection;
        }
        CallBound bound = new CallBound(connection, call);
        call.addListener(bound.listener, executor);
        Class<?>[] faces = {Connection.class};
        return (Connection) Proxy.newProxyInstance(CallBound.class.getClassLoader(), faces, bound);
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (method.getName().equals("close")) {
            giveBack();
        }
        try {
            return method.invoke(connection, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private void giveBack() throws SQLException {
        call.removeListener(listener);
        synchronized (this) {
            givenBack = true;
            notifyAll();
            if (!cancelled) {
                return;
            }
        }
        // A cancellation may still be on its way, and must not meet the next one's statement.
        connection.abort(Runnable::run);
    }

    private synchronized void cancel() {
        try {
            while (!givenBack) {
                cancelled = true;
                connection.unwrap(PGConnection.class).cancelQuery();
                wait(AGAIN_MS);
            }
        } catch (SQLException e) {
            // The statement then ends by its own limit.
            LoggerFactory.getLogger(CallBound.class).warn("a statement can't be cancelled", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
