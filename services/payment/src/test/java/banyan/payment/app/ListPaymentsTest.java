package banyan.payment.app;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.adapters.InMemoryPaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.support.World;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ListPaymentsTest {
    private static final Viewer OWNER = new Viewer(World.USER, false);
    private static final Viewer OTHER = new Viewer(World.newOrder(), false);
    private static final Viewer STAFF = new Viewer(World.newOrder(), true);

    private final InMemoryPaymentStore store = new InMemoryPaymentStore();
    private final World world = new World(store);
    private final ListPayments list = new ListPayments(store);
    private final GetPayment get = new GetPayment(store);

    @Test
    void pages_show_everything_once_newest_first() {
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            made.add(world.charge(World.newOrder(), "tok_ok").id());
        }
        Collections.reverse(made);
        List<String> seen = new ArrayList<>();
        String token = "";
        do {
            ListPayments.Page page = list.list(OWNER, Optional.empty(), 3, token);
            page.payments().forEach(payment -> seen.add(payment.id()));
            token = page.nextToken();
        } while (!token.isEmpty());
        assertThat(seen).isEqualTo(made);
    }

    @Test
    void a_page_token_of_another_query_or_of_no_query_is_refused() {
        for (int i = 0; i < 2; i++) {
            world.charge(World.newOrder(), "tok_ok");
        }
        String token = list.list(OWNER, Optional.empty(), 1, "").nextToken();
        assertRefused("PAGE_TOKEN_INVALID", () -> list.list(OTHER, Optional.empty(), 1, token));
        assertRefused(
                "PAGE_TOKEN_INVALID", () -> list.list(OWNER, Optional.empty(), 1, "nonsense"));
        assertRefused("PAGE_TOKEN_INVALID", () -> list.list(OWNER, Optional.empty(), 1, "!"));
    }

    @Test
    void payments_are_their_owners_and_staffs() {
        Payment payment = world.charge(World.newOrder(), "tok_ok");
        assertThat(get.get(OWNER, payment.id())).isEqualTo(payment);
        assertThat(get.get(STAFF, payment.id())).isEqualTo(payment);
        assertRefused("PAYMENT_NOT_FOUND", () -> get.get(OTHER, payment.id()));
        Optional<String> order = Optional.of(payment.orderId());
        assertThat(list.list(OTHER, order, 0, "").payments()).isEmpty();
        assertThat(list.list(STAFF, order, 0, "").payments()).containsExactly(payment);
        assertThat(list.list(STAFF, Optional.empty(), 0, "").payments()).isEmpty();
    }
}
