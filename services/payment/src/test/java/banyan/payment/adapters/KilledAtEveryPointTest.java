package banyan.payment.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.adapters.InMemoryProvider.Charge;
import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Refund;
import banyan.payment.platform.DatabaseUrl;
import banyan.payment.platform.Metrics;
import banyan.payment.platform.Pool;
import banyan.payment.platform.UuidV7;
import banyan.payment.support.Deaths;
import banyan.payment.support.Deaths.Death;
import banyan.payment.support.DyingStore;
import banyan.payment.support.FakeClock;
import banyan.payment.support.MoodyProvider;
import banyan.payment.support.Postgres;
import banyan.payment.support.Story;
import banyan.payment.support.World;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process dies before or after any commit, before or after the provider's deed: another one ends
 * what was begun, whether the caller asks again or not.
 */
class KilledAtEveryPointTest {
    private static final int MANY = 60;
    private static String url;
    private static Pool pool;
    private static PaymentStore postgres;

    @BeforeAll
    static void open() {
        url = Postgres.database();
        pool = new Pool(DatabaseUrl.parse(url), 4, new Metrics());
        UuidV7 ids = new UuidV7(InstantSource.system());
        postgres = new JdbcPaymentStore(pool.dataSource(), ids, () -> "00-trace", () -> {});
    }

    @AfterAll
    static void close() {
        pool.close();
    }

    static Stream<Arguments> stories() {
        return Arrays.stream(Story.values())
                .flatMap(
                        story ->
                                story.asked
                                        ? Stream.of(
                                                Arguments.of(story, true),
                                                Arguments.of(story, false))
                                        : Stream.of(Arguments.of(story, false)));
    }

    @ParameterizedTest(name = "{0}, asked again: {1}")
    @MethodSource("stories")
    void another_process_ends_it(Story story, boolean askedAgain) throws SQLException {
        int deaths = 0;
        while (deaths < MANY && diesAndIsEnded(story, askedAgain, deaths)) {
            deaths++;
        }
        assertThat(deaths).isEqualTo(story.points);
    }

    /** Whether the process came by the point at which it was to die. */
    private boolean diesAndIsEnded(Story story, boolean askedAgain, int point) throws SQLException {
        Deaths deaths = new Deaths();
        FakeClock clock = new FakeClock();
        MoodyProvider provider = new MoodyProvider();
        World first = new World(new DyingStore(postgres, deaths), clock, provider);
        String order = World.newOrder();
        story.prepare(first, order);
        clock.pass(Duration.ofSeconds(story.asked ? 0 : 30)); // until a worker may look at it
        provider.duringCharge = provider.duringRefund = provider.afterwards = deaths::reach;
        deaths.at(point);
        boolean died = false;
        try {
            story.run(first, order);
        } catch (Death e) {
            died = true;
        }
        provider.duringCharge = provider.duringRefund = provider.afterwards = () -> {};
        World second = new World(postgres, clock, provider);
        clock.pass(Duration.ofSeconds(5));
        if (died && askedAgain) {
            askAgain(story, second, order);
        }
        quiet(second);
        check(story, askedAgain || !died || !story.asked, provider, order);
        return died;
    }

    /** As a caller does who is told that the first request is still under way. */
    private static void askAgain(Story story, World world, String order) {
        for (int tries = 0; ; tries++) {
            try {
                story.run(world, order);
                return;
            } catch (PaymentException e) {
                assertThat(tries).as(e.getMessage()).isLessThan(20);
                world.clock.pass(Duration.ofSeconds(5));
            }
        }
    }

    /** Time passes, and workers look, until nothing is pending. */
    private static void quiet(World world) {
        for (int i = 0; i < 40; i++) {
            world.clock.pass(Duration.ofMinutes(i < 20 ? 1 : 20));
            while (world.resolve.next() || world.retry.next()) {
                assertThat(world.store.countPending()).isLessThan(MANY);
            }
        }
        assertThat(world.store.countPending()).isZero();
    }

    /**
     * @param sure whether somebody was there to see to it that it was done
     */
    private static void check(Story story, boolean sure, MoodyProvider provider, String order)
            throws SQLException {
        List<Charge> charges = provider.books.charges();
        Optional<Payment> found = Story.of(postgres, order);
        // A charge that was not sent may be given up; the shop and the provider agree on it.
        List<String> paid =
                found.stream()
                        .filter(each -> each.state() instanceof PaymentState.Succeeded)
                        .map(Payment::id)
                        .toList();
        assertThat(charges.stream().map(Charge::key).toList()).isEqualTo(paid);
        long back = charges.stream().mapToLong(each -> provider.books.refunded(each.id())).sum();
        assertThat(back).isIn(sure ? List.of(story.paidBack) : List.of(0L, story.paidBack));
        if (story != Story.CHARGE) {
            assertThat(paid).hasSize(1);
        }
        if (found.isEmpty()) {
            return;
        }
        Payment payment = found.get();
        assertThat(payment.refunded().minorUnits()).isEqualTo(back);
        assertThat(payment.refunds()).hasSize(back > 0 ? 1 : 0);
        assertThat(payment.refunds()).allMatch(each -> each.state() == Refund.State.SUCCEEDED);
        List<String> told = new ArrayList<>();
        told.add(paid.isEmpty() ? "payment.failed" : "payment.charged");
        if (back > 0) {
            told.add("payment.refunded");
        }
        assertThat(events(payment.id())).isEqualTo(told);
    }

    /** What is told of a payment, in order. */
    private static List<String> events(String payment) throws SQLException {
        String sql = "SELECT subject FROM outbox WHERE entity_id = ? ORDER BY position";
        try (Connection connection = Postgres.connect(url);
                PreparedStatement query = connection.prepareStatement(sql)) {
            query.setString(1, payment);
            List<String> subjects = new ArrayList<>();
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    subjects.add(rows.getString(1));
                }
            }
            return subjects;
        }
    }
}
