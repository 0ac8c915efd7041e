/** What an event must carry to be of use; without it no repetition helps, so it goes to the dead letters with its reason. */

import type { Money } from "../domain/money.ts";
import type { Money as MoneyMessage } from "../gen/banyan/common/v1/money_pb.js";
import { MalformedError } from "../platform/subscription.ts";

export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new MalformedError(`the event lacks ${field}`);
  return value;
}

export function money(message: MoneyMessage | undefined, field: string): Money {
  const { minorUnits, currencyCode } = required(message, field);
  if (!/^[A-Z]{3}$/.test(currencyCode)) throw new MalformedError(`${field} has no currency`);
  return { minorUnits, currencyCode };
}
