/** The opaque page token: which id the page before ended with. */
import { PageTokenError } from "../domain/errors.ts";

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const VERSION = "1:";

/** Empty on the last page. */
export function writePageToken(id: string | undefined): string {
  return id === undefined ? "" : Buffer.from(`${VERSION}${id}`).toString("base64url");
}

/** Undefined for the first page; throws PageTokenError for what no answer contained. */
export function readPageToken(token: string): string | undefined {
  if (token === "") return undefined;
  const text = Buffer.from(token, "base64url").toString("utf8");
  const id = text.slice(VERSION.length);
  if (!text.startsWith(VERSION) || !ID.test(id)) throw new PageTokenError();
  return id;
}
