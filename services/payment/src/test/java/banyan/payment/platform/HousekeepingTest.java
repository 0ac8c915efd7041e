package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.Postgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

class HousekeepingTest {
    @Test
    void only_what_is_old_and_done_goes() throws Exception {
        String url = Postgres.database();
        try (Pool pool = new Pool(DatabaseUrl.parse(url), 2, new Metrics());
                Connection connection = Postgres.connect(url);
                Statement sql = connection.createStatement()) {
            sql.execute(
                    """
                    INSERT INTO outbox (id, subject, type, entity_id, data, published_at) VALUES
                        (gen_random_uuid(), 'old', 't', 'e', '', now() - interval '8 days'),
                        (gen_random_uuid(), 'new', 't', 'e', '', now() - interval '1 day'),
                        (gen_random_uuid(), 'unpublished', 't', 'e', '', NULL);
                    UPDATE outbox SET created_at = now() - interval '30 days';
                    INSERT INTO idempotency (caller, method, request_id, request_hash, response, created_at) VALUES
                        ('c', 'm', 'old', '', '', now() - interval '25 hours'),
                        ('c', 'm', 'new', '', '', now())""");
            assertThat(new Housekeeping(pool.dataSource(), InstantSource.system()).step())
                    .isFalse();
            assertThat(one(sql, "SELECT string_agg(subject, ',' ORDER BY position) FROM outbox"))
                    .isEqualTo("new,unpublished");
            assertThat(one(sql, "SELECT string_agg(request_id, ',') FROM idempotency"))
                    .isEqualTo("new");
            InstantSource tomorrow =
                    InstantSource.offset(InstantSource.system(), Duration.ofHours(25));
            assertThat(new Housekeeping(pool.dataSource(), tomorrow).step()).isFalse();
            assertThat(one(sql, "SELECT count(*) FROM idempotency")).isEqualTo("0");
            assertThat(one(sql, "SELECT count(*) FROM outbox")).isEqualTo("2");
        }
    }

    private static String one(Statement statement, String sql) throws Exception {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
