/** Puts the service together from its settings; nothing runs yet and nothing is global. */
import { HttpSender } from "./adapters/http-sender.ts";
import { PostgresStore } from "./adapters/postgres-store.ts";
import { SmtpSender } from "./adapters/smtp.ts";
import { loadTemplates } from "./adapters/templates.ts";
import { Deliver } from "./app/deliver.ts";
import type { Renderer, Sender } from "./app/ports.ts";
import { Tell } from "./app/tell.ts";
import type { Settings } from "./config.ts";
import { CHANNELS, type Channel } from "./domain/notification.ts";
import { announce } from "./events/announce.ts";
import { STREAMS, type Stream, subscriptions } from "./events/subscriptions.ts";
import { NotificationService } from "./gen/banyan/notification/v1/notification_service_pb.js";
import { type Clock, systemClock } from "./platform/clock.ts";
import { InboxConsumer } from "./platform/inbox.ts";
import { createKit, type Kit, kitApp } from "./platform/kit.ts";
import type { App, Component } from "./platform/lifecycle.ts";
import type { Logger } from "./platform/logger.ts";
import { Loop } from "./platform/loop.ts";
import type { Metrics } from "./platform/telemetry.ts";
import { notificationServicer } from "./rpc/service.ts";
import { createServiceMetrics, type ServiceMetrics } from "./service-metrics.ts";

const POLL_MS = 1000;
/** Claims are made together for the slots that become free within this time. */
const CLAIM_GAP_MS = 10;
/** How long a provider's circuit stays open, and how long its deliveries rest. */
const DOWN_REST_MS = 5000;

export interface Overrides {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly senders?: Record<Channel, Sender>;
  readonly retryDelayMs?: (deliveries: number) => number;
}

/** What the pieces below have in common. */
interface Parts {
  readonly kit: Kit;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: PostgresStore;
  readonly metrics: ServiceMetrics;
}

export async function build(settings: Settings, overrides: Overrides = {}): Promise<App> {
  const clock = overrides.clock ?? systemClock(settings.clockOffsetS);
  const kit = await createKit("notification", settings, clock, overrides.logger);
  const store = new PostgresStore(kit.database, clock, announce);
  const metrics = createServiceMetrics(kit.metrics.registry, store, kit.logger);
  const parts = { kit, settings, clock, store, metrics };
  const senders = overrides.senders ?? createSenders(settings, kit.metrics, clock);
  const queues = new Map(CHANNELS.map((channel) => [channel, sending(channel, senders[channel], parts)]));
  const wake = (channel: Channel): void => queues.get(channel)?.loop.wake();
  const renderer = loadTemplates();
  const consumers = STREAMS.map((stream) => consuming(stream, renderer, parts, wake, overrides.retryDelayMs));
  const closing = { name: "senders", start: () => undefined, stop: () => stopAll(senders) };
  const workers = [...[...queues.values()].map(({ component }) => component), ...consumers];
  kit.grpc.add(NotificationService, notificationServicer(store, clock), kit.chain);
  return kitApp(kit, settings, [NotificationService], { resources: [closing], workers });
}

function createSenders(settings: Settings, metrics: Metrics, clock: Clock): Record<Channel, Sender> {
  const { sendTimeoutS, sendConcurrency: concurrency, smtpUrl, mailFrom: from, smsUrl, pushUrl } = settings;
  const limits = { timeoutMs: sendTimeoutS * 1000, concurrency, openMs: DOWN_REST_MS, metrics };
  return {
    EMAIL: new SmtpSender({ url: smtpUrl, from, clock, ...limits }),
    SMS: new HttpSender({ name: "sms", url: smsUrl, ...limits }),
    PUSH: new HttpSender({ name: "push", url: pushUrl, ...limits }),
  };
}

/** The loop that empties one channel's queue. It ends by letting what is being sent be recorded. */
function sending(channel: Channel, sender: Sender, parts: Parts): { loop: Loop; component: Component } {
  const { kit, settings, clock, store, metrics } = parts;
  const name = `send-${channel.toLowerCase()}`;
  const { sendMaxAttempts: maxAttempts, sendBackoffS, sendBackoffMaxS, sendConcurrency: concurrency } = settings;
  const deliver = new Deliver({
    ...{ channel, store, sender, clock, concurrency, logger: kit.logger, tracer: kit.tracer },
    retry: { maxAttempts, baseMs: sendBackoffS * 1000, maxMs: sendBackoffMaxS * 1000 },
    leaseMs: leaseMs(settings),
    downRestMs: DOWN_REST_MS,
    onOutcome: (outcome) => {
      metrics.deliveries.inc({ channel: channel.toLowerCase(), outcome });
      if (outcome !== "retried") kit.relay.wake();
    },
    onIdle: () => loop.wake(),
  });
  const { logger, onDeath } = kit;
  const step = () => deliver.step();
  const loop: Loop = new Loop({ name, intervalMs: POLL_MS, gapMs: CLAIM_GAP_MS, logger, onDeath, step });
  const stop = async (): Promise<void> => {
    await loop.stop();
    await deliver.settled();
  };
  return { loop, component: { name, start: () => loop.start(), stop } };
}

/** Longer than a send can take: a trial of a half-open circuit, then its own time (twice the step's for SMTP), then recording. */
function leaseMs(settings: Settings): number {
  return settings.sendTimeoutS * 1000 * 4 + 20_000;
}

/** The consumer of one stream. After each commit it wakes the channels that got something to send. */
function consuming(
  stream: Stream,
  renderer: Renderer,
  parts: Parts,
  wake: (channel: Channel) => void,
  retryDelayMs: Overrides["retryDelayMs"],
): Component {
  const { kit, clock, store, metrics } = parts;
  const tell = new Tell(renderer, clock, ({ channel, suppressed }) => {
    if (suppressed) metrics.deliveries.inc({ channel: channel.toLowerCase(), outcome: "suppressed" });
    else wake(channel);
  });
  const name = `notification-${stream.toLowerCase()}`;
  const { database, broker, logger, tracer, onDeath } = kit;
  const consumer = new InboxConsumer({
    ...{ name, stream, database, broker, logger, tracer, onDeath, metrics: kit.metrics },
    ...(retryDelayMs ? { retryDelayMs } : {}),
    subscriptions: subscriptions(stream, tell, (tx) => store.within(tx)),
  });
  return { name, start: () => consumer.start(), stop: () => consumer.stop() };
}

async function stopAll(senders: Record<Channel, Sender>): Promise<void> {
  await Promise.all(Object.values(senders).map((sender) => sender.stop()));
}
