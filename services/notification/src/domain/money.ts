/** Amounts in minor units, and how a person reads them. No float holds an amount. */

export interface Money {
  /** In the currency's minor unit: 1299n is 12.99 EUR, 12n is ¥12. May be negative. */
  readonly minorUnits: bigint;
  /** ISO 4217. */
  readonly currencyCode: string;
}

interface Format {
  readonly intl: Intl.NumberFormat;
  /** After the decimal point. */
  readonly digits: number;
}

/** Writes amounts for readers of one locale. Keeps its formats, which cost milliseconds to make. */
export class MoneyFormat {
  readonly #locale: string;
  readonly #formats = new Map<string, Format>();

  constructor(locale: string) {
    this.#locale = locale;
  }

  /** 1299 EUR → `€12.99` in `en`; exact for any amount. */
  write({ minorUnits, currencyCode }: Money): string {
    const { intl, digits } = this.#format(currencyCode);
    return intl.format(decimal(minorUnits, digits));
  }

  #format(currency: string): Format {
    const known = this.#formats.get(currency);
    if (known) return known;
    const intl = new Intl.NumberFormat(this.#locale, { style: "currency", currency });
    const made = { intl, digits: intl.resolvedOptions().maximumFractionDigits ?? 2 };
    this.#formats.set(currency, made);
    return made;
  }
}

/** Intl takes decimals as text, which keeps every digit. */
function decimal(minorUnits: bigint, digits: number): Intl.StringNumericLiteral {
  const sign = minorUnits < 0n ? "-" : "";
  const text = String(minorUnits < 0n ? -minorUnits : minorUnits).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits);
  return `${sign}${whole}${digits > 0 ? `.${fraction}` : ""}` as Intl.StringNumericLiteral;
}
