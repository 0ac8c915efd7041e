package banyan.payment.domain;

import java.util.Objects;

/**
 * An amount in one currency.
 *
 * @param minorUnits the amount in the currency's minor unit, 0 or more
 * @param currency ISO 4217, three upper-case letters
 */
public record Money(long minorUnits, String currency) {
    public Money {
        Objects.requireNonNull(currency, "currency");
        if (minorUnits < 0) {
            throw new IllegalArgumentException("an amount is never negative: " + minorUnits);
        }
    }

    /** Zero in this currency. */
    public Money zero() {
        return new Money(0, currency);
    }

    public boolean isZero() {
        return minorUnits == 0;
    }

    /** The sum; both in one currency, else IllegalArgumentException. */
    public Money plus(Money other) {
        return new Money(Math.addExact(minorUnits, sameCurrency(other).minorUnits), currency);
    }

    /**
     * The difference; IllegalArgumentException when it would be negative or the currencies differ.
     */
    public Money minus(Money other) {
        return new Money(minorUnits - sameCurrency(other).minorUnits, currency);
    }

    public boolean isMoreThan(Money other) {
        return minorUnits > sameCurrency(other).minorUnits;
    }

    private Money sameCurrency(Money other) {
        if (!currency.equals(other.currency)) {
            throw new IllegalArgumentException(currency + " and " + other.currency + " do not mix");
        }
        return other;
    }
}
