/** Rows of our tables and the domain's values. */
import type { ISql } from "postgres";
import type { Channel, Delivery, DeliveryState } from "../domain/notification.ts";
import type { Template } from "../domain/occasion.ts";
import type { Preferences } from "../domain/preferences.ts";

export interface DeliveryRow {
  id: string;
  event_id: string;
  user_id: string;
  channel: Channel;
  template: Template;
  order_id: string;
  title: string;
  state: DeliveryState;
  attempt_count: number;
  create_time: Date;
  send_time: Date | null;
}

export interface ClaimRow extends DeliveryRow {
  recipient: string;
  text_body: string;
  html_body: string;
  traceparent: string;
  state_before: DeliveryState;
}

export interface PreferencesRow {
  user_id: string;
  channels: Channel[];
  phone_number: string;
  push_token: string;
  muted_templates: Template[];
  update_time: Date;
}

export function deliveryOf(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    eventId: row.event_id,
    userId: row.user_id,
    channel: row.channel,
    template: row.template,
    orderId: row.order_id,
    title: row.title,
    state: row.state,
    attemptCount: row.attempt_count,
    createTime: row.create_time,
    sendTime: row.send_time ?? undefined,
  };
}

export function preferencesOf(row: PreferencesRow): Preferences {
  return {
    userId: row.user_id,
    channels: row.channels,
    phoneNumber: row.phone_number,
    pushToken: row.push_token,
    mutedTemplates: row.muted_templates,
    updateTime: row.update_time,
  };
}

export function preferencesQuery(sql: ISql, userIds: readonly string[]) {
  return sql<PreferencesRow[]>`
    SELECT user_id, channels, phone_number, push_token, muted_templates, update_time
    FROM preferences WHERE user_id = ANY (${userIds}::text[])`;
}
