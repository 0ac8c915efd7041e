/** What commits or rolls back together, in one PostgreSQL transaction. */
import type { Work } from "../app/ports.ts";
import type { Contact, NewDelivery } from "../domain/notification.ts";
import type { Preferences } from "../domain/preferences.ts";
import type { Clock } from "../platform/clock.ts";
import type { Transaction } from "../platform/database.ts";
import { type IdempotencyKey, idempotent, type Outcome } from "../platform/idempotency.ts";
import { type PreferencesRow, preferencesOf, preferencesQuery } from "./postgres-rows.ts";

interface ContactRow {
  email: string;
  display_name: string;
  locale: string;
  update_time: Date;
}

export class PostgresWork implements Work {
  readonly #tx: Transaction;
  readonly #clock: Clock;

  constructor(tx: Transaction, clock: Clock) {
    this.#tx = tx;
    this.#clock = clock;
  }

  async contact(userId: string): Promise<Contact | undefined> {
    const [row] = await this.#tx<ContactRow[]>`
      SELECT email, display_name, locale, update_time FROM contacts WHERE user_id = ${userId}`;
    if (!row) return undefined;
    const { email, display_name: displayName, locale, update_time: updateTime } = row;
    return { userId, email, displayName, locale, updateTime };
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

  async preferences(userId: string): Promise<Preferences | undefined> {
    const [row] = (await preferencesQuery(this.#tx, userId)) as PreferencesRow[];
    return row && preferencesOf(row);
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
    if (deliveries.length === 0) return [];
    const rows = deliveries.map((one) => ({
      id: one.id,
      event_id: one.eventId,
      user_id: one.userId,
      channel: one.channel,
      template: one.template,
      order_id: one.orderId,
      title: one.title,
      recipient: one.recipient,
      text_body: one.text,
      html_body: one.html,
      state: one.state,
      due_time: one.createTime,
      create_time: one.createTime,
      traceparent: one.traceparent,
    }));
    const added = await this.#tx<{ id: string }[]>`
      INSERT INTO deliveries ${this.#tx(rows)} ON CONFLICT (event_id, channel) DO NOTHING RETURNING id`;
    return added.map(({ id }) => id);
  }

  idempotent(key: IdempotencyKey, effect: () => Promise<Uint8Array>): Promise<Outcome> {
    return idempotent(this.#tx, key, this.#clock.now(), effect);
  }
}
