/** What a consumer does with the events of one subject. */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Transaction } from "./database.ts";

export interface Event<M> {
  readonly id: string;
  readonly subject: string;
  readonly entityId: string;
  readonly message: M;
}

/** What is to happen once the effect is committed, and not when it is rolled back. */
export type AfterCommit = () => void;

/** What one subject's events are and do. The effect goes into `tx` only, so that it can be rolled back and repeated. */
export interface Subscription {
  readonly subject: string;
  readonly apply: (id: string, entityId: string, data: Uint8Array, tx: Transaction) => Promise<AfterCommit>;
}

export function subscription<D extends DescMessage>(
  subject: string,
  schema: D,
  handle: (event: Event<MessageShape<D>>, tx: Transaction) => Promise<AfterCommit>,
): Subscription {
  const apply = async (id: string, entityId: string, data: Uint8Array, tx: Transaction): Promise<AfterCommit> => {
    return await handle({ id, subject, entityId, message: decode(schema, data) }, tx);
  };
  return { subject, apply };
}

/** The event is of no use, and a repetition will not change that. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
  readonly reason = "MALFORMED";
}

function decode<D extends DescMessage>(schema: D, data: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, data);
  } catch {
    throw new MalformedError("not a message of the expected type");
  }
}
