package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class UuidV7Test {
    @Test
    void ids_sort_by_the_order_they_were_made_in_even_within_a_millisecond() {
        FakeClock clock = new FakeClock();
        UuidV7 ids = new UuidV7(clock);
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            made.add(ids.get());
            if (i % 5_000 == 0) {
                clock.pass(Duration.ofMillis(i == 0 ? 3 : -2));
            }
        }
        assertThat(made).isSorted();
        assertThat(new HashSet<>(made)).hasSize(10_000);
        UUID first = UUID.fromString(made.get(0));
        assertThat(first.version()).isEqualTo(7);
        assertThat(first.variant()).isEqualTo(2);
    }
}
