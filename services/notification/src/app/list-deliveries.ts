/** A person's own deliveries, newest first, by keyset. */
import type { Delivery } from "../domain/notification.ts";
import type { Store } from "./ports.ts";

export const DEFAULT_PAGE_SIZE = 20;

export interface Page {
  readonly deliveries: readonly Delivery[];
  /** The id after which the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

/** `pageSize` 1 to 100, 0 for the default; `after` is the `next` of the page before. */
export async function listDeliveries(
  store: Store,
  userId: string,
  pageSize: number,
  after: string | undefined,
): Promise<Page> {
  const size = pageSize || DEFAULT_PAGE_SIZE;
  const found = await store.deliveriesOf(userId, after, size + 1);
  const deliveries = found.slice(0, size);
  return { deliveries, next: found.length > size ? deliveries.at(-1)?.id : undefined };
}
