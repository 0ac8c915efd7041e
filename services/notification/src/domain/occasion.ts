/** What happened, as far as a message tells of it. */
import type { Money } from "./money.ts";

export interface Line {
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly lineTotal: Money;
}

export interface OrderFacts {
  readonly lines: readonly Line[];
  readonly subtotal: Money;
  readonly shippingPrice: Money;
  readonly total: Money;
}

interface OfOrder {
  readonly orderId: string;
}

export type Occasion =
  | { readonly template: "welcome"; readonly orderId: "" }
  | ({ readonly template: "order_confirmed"; readonly order: OrderFacts } & OfOrder)
  | ({ readonly template: "order_rejected"; readonly reason: string } & OfOrder)
  | ({ readonly template: "order_cancelled"; readonly refunded: Money | undefined } & OfOrder)
  | ({ readonly template: "payment_refunded"; readonly amount: Money } & OfOrder)
  | ({ readonly template: "shipment_dispatched"; readonly trackingNumber: string } & OfOrder)
  | ({ readonly template: "shipment_delivered" } & OfOrder);

export type Template = Occasion["template"];

export const TEMPLATES = [
  "welcome",
  "order_confirmed",
  "order_rejected",
  "order_cancelled",
  "payment_refunded",
  "shipment_dispatched",
  "shipment_delivered",
] as const satisfies readonly Template[];

/** What a buyer is owed in writing: goes by e-mail whatever the preferences say. */
export const RECEIPTS: ReadonlySet<Template> = new Set<Template>([
  "order_confirmed",
  "order_rejected",
  "order_cancelled",
  "payment_refunded",
]);

export function isTemplate(name: string): name is Template {
  return (TEMPLATES as readonly string[]).includes(name);
}
