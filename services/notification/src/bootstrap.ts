/** Puts the service together from its settings; nothing runs yet and nothing is global. */
import { HttpSender } from "./adapters/http-sender.ts";
import { PostgresStore } from "./adapters/postgres-store.ts";
import { SmtpSender } from "./adapters/smtp.ts";
import { loadTemplates } from "./adapters/templates.ts";
import { Deliver } from "./app/deliver.ts";
import type { Sender, Store } from "./app/ports.ts";
import { Tell } from "./app/tell.ts";
import type { Settings } from "./config.ts";
import { CHANNELS, type Channel } from "./domain/notification.ts";
import { announce } from "./events/announce.ts";
import { subscriptions } from "./events/subscriptions.ts";
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
/** How long a provider's circuit stays open, and how long its deliveries rest. */
const DOWN_REST_MS = 5000;

export interface Overrides {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly senders?: Record<Channel, Sender>;
  readonly retryDelayMs?: (deliveries: number) => number;
}

export async function build(settings: Settings, overrides: Overrides = {}): Promise<App> {
  const clock = overrides.clock ?? systemClock(settings.clockOffsetS);
  const kit = await createKit("notification", settings, clock, overrides.logger);
  const store = new PostgresStore(kit.database, clock, announce);
  const metrics = createServiceMetrics(kit.metrics.registry, store, kit.logger);
  const senders = overrides.senders ?? createSenders(settings, kit.metrics);
  const channels = CHANNELS.map((channel) => sending(channel, senders[channel], kit, store, metrics, settings, clock));
  const wake = (): void => {
    for (const { loop } of channels) loop.wake();
  };
  const consumers = consuming(kit, store, metrics, clock, wake, overrides);
  const closing = { name: "senders", start: () => undefined, stop: () => stopAll(senders) };
  const workers = [...channels.map(({ component }) => component), ...consumers];
  const servicer = notificationServicer(store, clock);
  kit.grpc.add(NotificationService, servicer, kit.chain);
  return kitApp(kit, settings, [NotificationService], { resources: [closing], workers });
}

function createSenders(settings: Settings, metrics: Metrics): Record<Channel, Sender> {
  const limits = {
    timeoutMs: settings.sendTimeoutS * 1000,
    concurrency: settings.sendConcurrency,
    openMs: DOWN_REST_MS,
    metrics,
  };
  return {
    EMAIL: new SmtpSender({ url: settings.smtpUrl, from: settings.mailFrom, ...limits }),
    SMS: new HttpSender({ name: "sms", url: settings.smsUrl, ...limits }),
    PUSH: new HttpSender({ name: "push", url: settings.pushUrl, ...limits }),
  };
}

/** The loop that empties one channel's queue. It ends by letting what is being sent be recorded. */
function sending(
  channel: Channel,
  sender: Sender,
  kit: Kit,
  store: Store,
  metrics: ServiceMetrics,
  settings: Settings,
  clock: Clock,
): { loop: Loop; component: Component } {
  const name = `send-${channel.toLowerCase()}`;
  const deliver = new Deliver({
    channel,
    store,
    sender,
    clock,
    logger: kit.logger,
    tracer: kit.tracer,
    retry: {
      maxAttempts: settings.sendMaxAttempts,
      baseMs: settings.sendBackoffS * 1000,
      maxMs: settings.sendBackoffMaxS * 1000,
    },
    concurrency: settings.sendConcurrency,
    leaseMs: leaseMs(settings),
    downRestMs: DOWN_REST_MS,
    onOutcome: (outcome) => {
      metrics.deliveries.inc({ channel: channel.toLowerCase(), outcome });
      kit.relay.wake();
    },
    onIdle: () => loop.wake(),
  });
  const step = () => deliver.step();
  const loop: Loop = new Loop({ name, intervalMs: POLL_MS, logger: kit.logger, onDeath: kit.onDeath, step });
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

function consuming(
  kit: Kit,
  store: PostgresStore,
  metrics: ServiceMetrics,
  clock: Clock,
  wake: () => void,
  overrides: Overrides,
): Component[] {
  const tell = new Tell(loadTemplates(), clock, ({ channel }) =>
    metrics.deliveries.inc({ channel: channel.toLowerCase(), outcome: "suppressed" }),
  );
  const retry = overrides.retryDelayMs ? { retryDelayMs: overrides.retryDelayMs } : {};
  return Object.entries(subscriptions(tell, (tx) => store.within(tx))).map(([stream, subscribed]) => {
    const name = `notification-${stream.toLowerCase()}`;
    const { database, broker, logger, tracer, onDeath } = kit;
    const own = { name, stream, subscriptions: subscribed, onProcessed: wake, ...retry };
    const consumer = new InboxConsumer({ ...own, database, broker, logger, tracer, onDeath, metrics: kit.metrics });
    return { name, start: () => consumer.start(), stop: () => consumer.stop() };
  });
}

async function stopAll(senders: Record<Channel, Sender>): Promise<void> {
  await Promise.all(Object.values(senders).map((sender) => sender.stop()));
}
