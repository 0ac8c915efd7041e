package banyan.payment.app;

import banyan.payment.adapters.InMemoryPaymentStore;
import banyan.payment.support.Chaos;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BooksBalanceTest {
    static LongStream seeds() {
        return LongStream.rangeClosed(1, 200);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void the_shops_books_and_the_providers_agree_whatever_happens(long seed) {
        new Chaos(new InMemoryPaymentStore(), seed).run(60);
    }
}
