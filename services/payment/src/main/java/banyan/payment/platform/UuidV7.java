package banyan.payment.platform;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.UUID;
import java.util.function.Supplier;

/** Ids that sort by the time they were made (RFC 9562, version 7), strictly so within a process. */
public final class UuidV7 implements Supplier<String> {
    private final SecureRandom random = new SecureRandom();
    private final InstantSource clock;
    private long lastMillis;
    private int counter;

    public UuidV7(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public String get() {
        return next().toString();
    }

    private synchronized UUID next() {
        long millis = clock.millis();
        if (millis > lastMillis) {
            lastMillis = millis;
            counter = random.nextInt(0x400);
        } else if (++counter > 0xFFF) {
            lastMillis++; // more than 3,000 ids in a millisecond: borrow from the next one
            counter = 0;
        }
        long high = lastMillis << 16 | 0x7000L | counter;
        long low = random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }
}
