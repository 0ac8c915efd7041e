/** `user.*`: our own copy of whom to write to, and a welcome. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Work } from "../app/ports.ts";
import type { Tell } from "../app/tell.ts";
import type { Contact } from "../domain/notification.ts";
import type { UserRegistered, UserUpdated } from "../gen/banyan/user/v1/user_events_pb.js";
import type { User } from "../gen/banyan/user/v1/user_pb.js";
import type { AfterCommit, Event } from "../platform/subscription.ts";
import { required } from "./required.ts";

export async function userRegistered(event: Event<UserRegistered>, work: Work, tell: Tell): Promise<AfterCommit> {
  const contact = contactOf(event.message.user);
  await work.saveContact(contact);
  return await tell.person(work, event.id, contact.userId, { template: "welcome", orderId: "" });
}

export async function userUpdated(event: Event<UserUpdated>, work: Work): Promise<AfterCommit> {
  await work.saveContact(contactOf(event.message.user));
  return () => undefined;
}

function contactOf(message: User | undefined): Contact {
  const user = required(message, "user");
  const time = user.updateTime ?? user.createTime;
  return {
    userId: user.userId,
    email: user.email,
    displayName: user.displayName,
    locale: user.locale || "en",
    updateTime: time ? timestampDate(time) : new Date(0),
  };
}
