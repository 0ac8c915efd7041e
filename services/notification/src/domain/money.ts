/** Amounts in minor units, and how a person reads them. No float holds an amount. */

export interface Money {
  /** In the currency's minor unit: 1299n is 12.99 EUR, 12n is ¥12. May be negative. */
  readonly minorUnits: bigint;
  /** ISO 4217. */
  readonly currencyCode: string;
}

/** `12.99 EUR` → `€12.99` in locale `en`; exact for any amount. */
export function formatMoney(money: Money, locale: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency: money.currencyCode });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(decimal(money.minorUnits, digits));
}

/** Intl takes decimals as text, which keeps every digit. */
function decimal(minorUnits: bigint, digits: number): Intl.StringNumericLiteral {
  const sign = minorUnits < 0n ? "-" : "";
  const text = String(minorUnits < 0n ? -minorUnits : minorUnits).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits);
  return `${sign}${whole}${digits > 0 ? `.${fraction}` : ""}` as Intl.StringNumericLiteral;
}
