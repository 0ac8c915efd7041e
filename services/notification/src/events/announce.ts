/** `notification.sent` and `notification.failed`, as they go into the outbox. */
import { create } from "@bufbuild/protobuf";
import type { Delivery } from "../domain/notification.ts";
import {
  NotificationFailedSchema,
  NotificationSentSchema,
} from "../gen/banyan/notification/v1/notification_events_pb.js";
import { type OutboxEvent, outboxEvent } from "../platform/outbox.ts";
import { notificationMessage } from "../rpc/mapping.ts";

/** The event for a delivery that has ended; `reason` is given when it failed. */
export function announce(delivery: Delivery, reason?: string): OutboxEvent {
  const notification = notificationMessage(delivery);
  if (reason === undefined) {
    const sent = create(NotificationSentSchema, { notification });
    return outboxEvent("notification.sent", NotificationSentSchema, sent, delivery.id);
  }
  const failed = create(NotificationFailedSchema, { notification, reason });
  return outboxEvent("notification.failed", NotificationFailedSchema, failed, delivery.id);
}
