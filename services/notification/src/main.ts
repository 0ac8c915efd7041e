/** The process: signals and the exit code, nothing else. */
import { build } from "./bootstrap.ts";
import { describeSettings, loadSettings } from "./config.ts";
import { start } from "./platform/lifecycle.ts";
import { SettingsError } from "./platform/settings.ts";

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  const app = await build(settings);
  const fault = (error: unknown): never => {
    app.logger.fatal({ error }, "unhandled error");
    process.exit(1);
  };
  process.on("uncaughtException", fault);
  process.on("unhandledRejection", fault);
  app.logger.info({ settings: describeSettings(settings) }, "settings");
  const stopped = Promise.race(
    ["SIGTERM", "SIGINT"].map((name) => new Promise((resolve) => process.once(name, resolve))),
  );
  const running = await start(app);
  await stopped;
  await running.stop();
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (error instanceof SettingsError) {
    process.stderr.write(error.message);
    process.exit(2);
  }
  throw error;
}
