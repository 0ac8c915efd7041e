/** The parts that every service with a database and events has, put together. */
import type { DescService } from "@bufbuild/protobuf";
import { Health as HealthService } from "../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.js";
import { Admin } from "./admin.ts";
import { Broker } from "./broker.ts";
import type { Clock } from "./clock.ts";
import { Database } from "./database.ts";
import { Chain } from "./grpc-chain.ts";
import { GrpcServer } from "./grpc-server.ts";
import { Health } from "./health.ts";
import type { App, Component } from "./lifecycle.ts";
import { Live } from "./live.ts";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";
import { OutboxRelay } from "./outbox.ts";
import { reflectionHandlers } from "./reflection.ts";
import { Sweeper } from "./sweeper.ts";
import { createMetrics, type Metrics } from "./telemetry.ts";
import { createTracer, type Tracer } from "./tracing.ts";
import { createValidation } from "./validation.ts";

/** What the kit needs of a service's settings. */
export interface KitSettings {
  readonly grpcListen: string;
  readonly adminListen: string;
  readonly logLevel: LogLevel;
  readonly drainDelayS: number;
  readonly drainGraceS: number;
  readonly maxConcurrentRpcs: number;
  readonly maxConnectionAgeS: number;
  readonly databaseUrl: string;
  readonly databasePoolMax: number;
  readonly natsUrl: string;
  readonly otlpEndpoint?: string | undefined;
  readonly liveFile?: string | undefined;
}

export interface Kit {
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly database: Database;
  readonly broker: Broker;
  readonly live: Live;
  readonly relay: OutboxRelay;
  readonly sweeper: Sweeper;
  readonly grpc: GrpcServer;
  readonly chain: Chain;
  /** Makes the process unhealthy; for background tasks. */
  readonly onDeath: (what: string) => void;
  /** What has died. */
  readonly deaths: readonly string[];
}

export async function createKit(name: string, settings: KitSettings, clock: Clock, log?: Logger): Promise<Kit> {
  const logger = log ?? createLogger(name, settings.logLevel);
  const metrics = createMetrics();
  const tracer = await createTracer(name, settings.otlpEndpoint);
  const database = new Database(settings.databaseUrl, settings.databasePoolMax, name, metrics);
  const broker = new Broker(settings.natsUrl, name, logger);
  const deaths: string[] = [];
  const onDeath = (what: string): void => void deaths.push(what);
  const { maxConcurrentRpcs, maxConnectionAgeS } = settings;
  const chain = new Chain({
    domain: `${name}.banyan`,
    maxConcurrentRpcs,
    metrics,
    logger,
    tracer,
    validate: createValidation(),
  });
  return {
    name,
    logger,
    metrics,
    tracer,
    database,
    broker,
    live: new Live({ file: settings.liveFile, level: settings.logLevel, logger, metrics, onDeath }),
    relay: new OutboxRelay({ service: name, database, broker, metrics, logger, clock, onDeath }),
    sweeper: new Sweeper({ database, clock, logger, onDeath }),
    grpc: new GrpcServer({ maxConnectionAgeSeconds: maxConnectionAgeS }),
    chain,
    onDeath,
    deaths,
  };
}

/** The app around the kit: health and reflection for `services`, and the components in their order. */
export function kitApp(
  kit: Kit,
  settings: KitSettings,
  services: readonly DescService[],
  own: { resources: readonly Component[]; workers: readonly Component[] },
): App {
  const { database, broker, relay, sweeper, grpc } = kit;
  const names = services.map(({ typeName }) => typeName);
  const health = new Health(names, { database: () => database.ping() }, { broker: () => broker.check() }, kit.deaths);
  grpc.addRaw(HealthService, health.handlers());
  grpc.addRaw(ServerReflection, reflectionHandlers([...services, HealthService, ServerReflection]));
  const nothing = (): void => undefined;
  return {
    name: kit.name,
    logger: kit.logger,
    health,
    admin: new Admin(kit.metrics, health),
    grpc,
    listen: { grpc: settings.grpcListen, admin: settings.adminListen },
    drain: { delayMs: settings.drainDelayS * 1000, graceMs: settings.drainGraceS * 1000 },
    resources: [
      kit.live,
      { name: "database", start: nothing, stop: (graceMs) => database.stop(graceMs) },
      { name: "broker", start: () => broker.start(), stop: () => broker.stop() },
      ...own.resources,
    ],
    workers: [
      { name: "outbox-relay", start: () => relay.start(), stop: () => relay.stop() },
      { name: "sweeper", start: () => sweeper.start(), stop: () => sweeper.stop() },
      ...own.workers,
    ],
    telemetry: { name: "telemetry", start: nothing, stop: () => kit.tracer.stop() },
  };
}
