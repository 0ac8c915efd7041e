/** The domain's values and the contract's messages. */
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Channel, Delivery, DeliveryState } from "../domain/notification.ts";
import type { Preferences, PreferencesInput } from "../domain/preferences.ts";
import * as pb from "../gen/banyan/notification/v1/notification_pb.js";

const CHANNELS = { EMAIL: pb.Channel.EMAIL, SMS: pb.Channel.SMS, PUSH: pb.Channel.PUSH } as const;
const STATES: Record<DeliveryState, pb.DeliveryState> = {
  PENDING: pb.DeliveryState.PENDING,
  // To a person, a message that is being sent still waits.
  SENDING: pb.DeliveryState.PENDING,
  SENT: pb.DeliveryState.SENT,
  FAILED: pb.DeliveryState.FAILED,
  SUPPRESSED: pb.DeliveryState.SUPPRESSED,
};

export function notificationMessage(delivery: Delivery): pb.Notification {
  return create(pb.NotificationSchema, {
    notificationId: delivery.id,
    userId: delivery.userId,
    channel: CHANNELS[delivery.channel],
    template: delivery.template,
    title: delivery.title,
    state: STATES[delivery.state],
    attemptCount: delivery.attemptCount,
    eventId: delivery.eventId,
    orderId: delivery.orderId,
    createTime: timestampFromDate(delivery.createTime),
    ...(delivery.sendTime ? { sendTime: timestampFromDate(delivery.sendTime) } : {}),
  });
}

export function preferencesMessage(preferences: Preferences): pb.Preferences {
  return create(pb.PreferencesSchema, {
    channels: preferences.channels.map((channel) => CHANNELS[channel]),
    phoneNumber: preferences.phoneNumber,
    pushToken: preferences.pushToken,
    mutedTemplates: [...preferences.mutedTemplates],
    ...(preferences.updateTime ? { updateTime: timestampFromDate(preferences.updateTime) } : {}),
  });
}

/** What a person chose; `update_time` is ours to set. Channels are checked by the contract's rules before. */
export function preferencesInput(message: pb.Preferences): PreferencesInput {
  const names = Object.keys(CHANNELS) as Channel[];
  return {
    channels: names.filter((name) => message.channels.includes(CHANNELS[name])),
    phoneNumber: message.phoneNumber,
    pushToken: message.pushToken,
    mutedTemplates: message.mutedTemplates,
  };
}
