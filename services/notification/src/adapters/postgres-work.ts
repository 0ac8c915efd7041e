/** What commits or rolls back together, in one PostgreSQL transaction. What is asked for at once is one statement. */
import type { Work } from "../app/ports.ts";
import type { Contact, NewDelivery } from "../domain/notification.ts";
import type { Preferences } from "../domain/preferences.ts";
import type { Clock } from "../platform/clock.ts";
import type { Transaction } from "../platform/database.ts";
import { Gather } from "../platform/gather.ts";
import { type IdempotencyKey, idempotent, type Outcome } from "../platform/idempotency.ts";
import { type PreferencesRow, preferencesOf, preferencesQuery } from "./postgres-rows.ts";

interface ContactRow {
  user_id: string;
  email: string;
  display_name: string;
  locale: string;
  update_time: Date;
}

export class PostgresWork implements Work {
  readonly #tx: Transaction;
  readonly #clock: Clock;
  readonly #contacts = new Gather((userIds: readonly string[]) => this.#contactsOf(userIds));
  readonly #preferences = new Gather((userIds: readonly string[]) => this.#preferencesOf(userIds));
  readonly #additions = new Gather((lists: readonly (readonly NewDelivery[])[]) => this.#add(lists));

  constructor(tx: Transaction, clock: Clock) {
    this.#tx = tx;
    this.#clock = clock;
  }

  contact(userId: string): Promise<Contact | undefined> {
    return this.#contacts.ask(userId);
  }

  async saveContact(contact: Contact): Promise<void> {
    await this.#tx`
      INSERT INTO contacts (user_id, email, display_name, locale, update_time)
      VALUES (${contact.userId}, ${contact.email}, ${contact.displayName}, ${contact.locale}, ${contact.updateTime})
      ON CONFLICT (user_id) DO UPDATE
      SET email = excluded.email, display_name = excluded.display_name, locale = excluded.locale,
          update_time = excluded.update_time
      WHERE excluded.update_time >= contacts.update_time`;
  }

  preferences(userId: string): Promise<Preferences | undefined> {
    return this.#preferences.ask(userId);
  }

  async savePreferences(preferences: Preferences): Promise<void> {
    const { userId, channels, phoneNumber, pushToken, mutedTemplates } = preferences;
    const updateTime = preferences.updateTime ?? this.#clock.now();
    await this.#tx`
      INSERT INTO preferences (user_id, channels, phone_number, push_token, muted_templates, update_time)
      VALUES (${userId}, ${[...channels]}, ${phoneNumber}, ${pushToken}, ${[...mutedTemplates]}, ${updateTime})
      ON CONFLICT (user_id) DO UPDATE
      SET channels = excluded.channels, phone_number = excluded.phone_number, push_token = excluded.push_token,
          muted_templates = excluded.muted_templates, update_time = excluded.update_time`;
  }

  async addDeliveries(deliveries: readonly NewDelivery[]): Promise<string[]> {
    return deliveries.length === 0 ? [] : await this.#additions.ask(deliveries);
  }

  idempotent(key: IdempotencyKey, effect: () => Promise<Uint8Array>): Promise<Outcome> {
    return idempotent(this.#tx, key, this.#clock.now(), effect);
  }

  async #contactsOf(userIds: readonly string[]): Promise<(Contact | undefined)[]> {
    const rows = await this.#tx<ContactRow[]>`
      SELECT user_id, email, display_name, locale, update_time FROM contacts WHERE user_id = ANY (${userIds}::text[])`;
    const known = new Map(rows.map((row) => [row.user_id, contactOf(row)]));
    return userIds.map((userId) => known.get(userId));
  }

  async #preferencesOf(userIds: readonly string[]): Promise<(Preferences | undefined)[]> {
    const rows = (await preferencesQuery(this.#tx, userIds)) as PreferencesRow[];
    const known = new Map(rows.map((row) => [row.user_id, preferencesOf(row)]));
    return userIds.map((userId) => known.get(userId));
  }

  async #add(lists: readonly (readonly NewDelivery[])[]): Promise<string[][]> {
    const rows = lists.flat().map(({ createTime, text, html, ...one }) => ({
      ...{ id: one.id, event_id: one.eventId, user_id: one.userId, channel: one.channel, template: one.template },
      ...{ order_id: one.orderId, title: one.title, recipient: one.recipient, text_body: text, html_body: html },
      ...{ state: one.state, due_time: createTime, create_time: createTime, traceparent: one.traceparent },
    }));
    const added = await this.#tx<{ id: string }[]>`
      INSERT INTO deliveries (id, event_id, user_id, channel, template, order_id, title, recipient, text_body, html_body,
                              state, due_time, create_time, traceparent)
      SELECT * FROM jsonb_to_recordset(${this.#tx.json(rows)}) AS new (
        id uuid, event_id uuid, user_id text, channel text, template text, order_id text, title text, recipient text,
        text_body text, html_body text, state text, due_time timestamptz, create_time timestamptz, traceparent text
      )
      ON CONFLICT (event_id, channel) DO NOTHING RETURNING id`;
    const ids = new Set(added.map(({ id }) => id));
    return lists.map((list) => list.map(({ id }) => id).filter((id) => ids.has(id)));
  }
}

function contactOf(row: ContactRow): Contact {
  const { user_id: userId, email, display_name: displayName, locale, update_time: updateTime } = row;
  return { userId, email, displayName, locale, updateTime };
}
