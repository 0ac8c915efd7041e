/** A person's own preferences. */
import { defaultPreferences, type Preferences } from "../domain/preferences.ts";
import type { Store } from "./ports.ts";

/** The defaults when none were set. */
export async function getPreferences(store: Store, userId: string): Promise<Preferences> {
  return (await store.preferences(userId)) ?? defaultPreferences(userId);
}
