package banyan.payment.support;

import banyan.payment.platform.DatabaseUrl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real PostgreSQL: the one at PG_TEST_URL, or one of the tests' own; each caller gets a migrated
 * database of its own.
 */
public final class Postgres {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static String server;

    private Postgres() {}

    /** postgres://… of a fresh database with this service's tables. */
    public static synchronized String database() {
        if (server == null) {
            String given = System.getenv("PG_TEST_URL");
            server = given == null || given.isEmpty() ? start() : given.replaceAll("/[^/]*$", "");
        }
        String name =
                "payment_test_" + ProcessHandle.current().pid() + "_" + NUMBER.incrementAndGet();
        String migrations = Repo.root().resolve("services/payment/migrations").toString();
        String url = server + "/" + name;
        Child.run(
                List.of(Repo.tool("dbmate"), "-d", migrations, "--no-dump-schema", "up"),
                Map.of("DATABASE_URL", url + "?sslmode=disable"));
        return url;
    }

    /** A plain connection to a database from {@link #database}. */
    public static Connection connect(String url) throws SQLException {
        DatabaseUrl parsed = DatabaseUrl.parse(url);
        return DriverManager.getConnection(parsed.jdbcUrl(), parsed.user(), parsed.password());
    }

    private static String start() {
        try {
            Path folder = Leftovers.directory("payment-postgres");
            boolean root = "root".equals(System.getProperty("user.name"));
            List<String> as = List.of();
            if (root) { // PostgreSQL refuses to run as root
                Child.run(List.of("chown", "65534", folder.toString()), Map.of());
                as = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
            }
            String data = folder.resolve("data").toString();
            String bin = Repo.postgresBin() + "/";
            Child.run(
                    join(
                            as,
                            bin + "initdb",
                            "-D",
                            data,
                            "-U",
                            "postgres",
                            "-A",
                            "trust",
                            "--no-sync",
                            "-E",
                            "UTF8",
                            "--locale=C"),
                    Map.of("HOME", "/tmp"));
            int port = freePort();
            Child postgres =
                    Child.start(
                            join(
                                    as,
                                    bin + "postgres",
                                    "-D",
                                    data,
                                    "-p",
                                    "" + port,
                                    "-c",
                                    "listen_addresses=127.0.0.1",
                                    "-c",
                                    "unix_socket_directories=",
                                    "-c",
                                    "fsync=off"),
                            Map.of("HOME", "/tmp"));
            postgres.line(line -> line.contains("ready to accept connections"));
            return "postgres://postgres:unused@127.0.0.1:" + port;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static List<String> join(List<String> first, String... rest) {
        List<String> all = new ArrayList<>(first);
        all.addAll(List.of(rest));
        return all;
    }
}
